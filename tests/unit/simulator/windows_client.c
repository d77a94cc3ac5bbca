/* Copyright (c) 2026 winops.rds contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 *
 * Calls the stand-in library, and prints what it gets. The structures are those of WinPR's header.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <winpr/wtsapi.h>

HANDLE OpenProcess(DWORD, BOOL, DWORD);
BOOL CloseHandle(HANDLE);
BOOL TerminateProcess(HANDLE, UINT);
BOOL GetProcessTimes(HANDLE, FILETIME *, FILETIME *, FILETIME *, FILETIME *);
BOOL ProcessIdToSessionId(DWORD, DWORD *);
BOOL WTSEnumerateProcessesW(HANDLE, DWORD, DWORD, PWTS_PROCESS_INFOW *, DWORD *);

static const char *ascii(const WCHAR *wide)
{
	static char buffers[8][256];
	static int next;
	char *text = buffers[next++ % 8];
	int i = 0;
	for (; wide && wide[i]; i++)
		text[i] = (char)wide[i];
	text[i] = 0;
	return text;
}

/* Prints whether a call succeeded, and its error if not. */
static void show(BOOL succeeded)
{
	printf("%d ", succeeded);
	if (!succeeded)
		printf("%d ", errno);
}

static void sessions(void)
{
	PWTS_SESSION_INFOW list;
	DWORD count = 0;
	show(WTSEnumerateSessionsW(NULL, 0, 2, &list, &count));
	show(WTSEnumerateSessionsW(NULL, 0, 1, &list, &count));
	printf("\n");
	for (DWORD i = 0; i < count; i++)
		printf("%u %s %u\n", list[i].SessionId, ascii(list[i].pWinStationName), list[i].State);
	WTSFreeMemory(list);
}

static void session_info(void)
{
	WTSINFOW *info;
	DWORD bytes;
	WTSQuerySessionInformationW(NULL, 12, WTSSessionInfo, (LPWSTR *)&info, &bytes);
	printf("%d %u %u %u %u ", bytes == sizeof *info, info->State, info->SessionId, info->IncomingBytes,
	       info->OutgoingBytes);
	printf("%s %s %s ", ascii(info->WinStationName), ascii(info->Domain), ascii(info->UserName));
	printf("%d %d %d\n", info->LogonTime.QuadPart == info->ConnectTime.QuadPart, info->DisconnectTime.QuadPart == 0,
	       info->LogonTime.QuadPart < info->LastInputTime.QuadPart &&
	           info->LastInputTime.QuadPart < info->_CurrentTime.QuadPart);
	WTSFreeMemory(info);
}

static void null_buffers(void)
{
	LPWSTR buffer = (LPWSTR)1;
	DWORD bytes = 99;
	printf("%d ", WTSQuerySessionInformationW(NULL, 13, WTSClientName, &buffer, &bytes));
	printf("%d %u\n", buffer == NULL, bytes);
	WTSFreeMemory(buffer);
}

static void address(void)
{
	WTS_CLIENT_ADDRESS *client;
	DWORD bytes;
	WTSQuerySessionInformationW(NULL, 12, WTSClientAddress, (LPWSTR *)&client, &bytes);
	printf("%u", client->AddressFamily);
	for (int i = 0; i < 20; i++)
		printf(" %u", client->Address[i]);
	printf("\n");
	WTSFreeMemory(client);
}

static void levels(void)
{
	LPWSTR list;
	PWTS_SESSION_INFO_1W sessions;
	DWORD level = 7, count, other = 0;
	show(WTSEnumerateProcessesExW(NULL, &level, 12, &list, &count));
	printf("%u ", level);
	show(WTSEnumerateSessionsExW(NULL, &other, 0, &sessions, &count));
	printf("%u\n", other);
}

static void processes(int how)
{
	PWTS_PROCESS_INFOW list;
	DWORD count = 0, level = 0;
	if (how == 'w')
		printf("%d\n", WTSEnumerateProcessesW(NULL, 0, 1, &list, &count));
	else
		printf("%d %u\n", WTSEnumerateProcessesExW(NULL, &level, 12, (LPWSTR *)&list, &count), level);
	for (DWORD i = 0; i < count; i++)
		printf("%u %u %s\n", list[i].SessionId, list[i].ProcessId, ascii(list[i].pProcessName));
	if (how == 'x') /* as its page has it */
		printf("%d\n", WTSFreeMemoryExW(WTSTypeProcessInfoLevel0, list, count));
	else if (how == 's') /* which does not go well */
		WTSFreeMemoryExW(WTSTypeSessionInfoLevel1, list, count);
	else
		WTSFreeMemory(list);
}

static void processes_ex(void)
{
	PWTS_PROCESS_INFO_EXW list;
	DWORD count = 0, level = 1;
	printf("%d %u\n", WTSEnumerateProcessesExW(NULL, &level, 12, (LPWSTR *)&list, &count), level);
	for (DWORD i = 0; i < count; i++)
		printf("%u %u %s %u %u\n", list[i].SessionId, list[i].ProcessId, ascii(list[i].pProcessName),
		       list[i].NumberOfThreads, list[i].WorkingSetSize);
	printf("%d\n", WTSFreeMemoryExW(WTSTypeProcessInfoLevel1, list, count));
}

static void handles(void)
{
	FILETIME created, ended, kernel, user;
	DWORD session = 0;
	HANDLE process = OpenProcess(0x1001, FALSE, 12016);
	ProcessIdToSessionId(12016, &session);
	printf("%d %u ", process != NULL, session);
	printf("%d ", GetProcessTimes(process, &created, &ended, &kernel, &user));
	uint64_t began = (uint64_t)created.dwHighDateTime << 32 | created.dwLowDateTime;
	printf("%llu %u ", (unsigned long long)began, ended.dwLowDateTime);
	show(TerminateProcess(process, 1));
	show(TerminateProcess(process, 1));
	show(CloseHandle(process));
	show(CloseHandle(process));
	show(OpenProcess(1, FALSE, 12016) != NULL);
	printf("\n");
}

static void servers(void)
{
	WCHAR name[] = { 'R', 'D', 'S', 'H', '0', '2', 0 };
	HANDLE server = WTSOpenServerW(name);
	printf("%d\n", server != NULL);
	WTSCloseServer(server);
}

int main(int argc, char **argv)
{
	(void)argc;
	switch (argv[1][0]) {
	case '1': sessions(); break;
	case '2': session_info(); break;
	case '3': null_buffers(); break;
	case '4': address(); break;
	case '5': levels(); break;
	case '6': processes(argv[1][1]); break;
	case '7': handles(); break;
	case '8': servers(); break;
	case '9': processes_ex(); break;
	}
	fflush(stdout);
	return 0;
}
