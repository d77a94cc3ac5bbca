/* Copyright (c) 2026 winops.rds contributors
 * GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
 *
 * Stands in for wtsapi32.dll, and for the few functions of other libraries that session modules call.
 * Each call is asked of the simulator over a Unix socket; this file only lays out what it answers in memory as
 * Windows would. Layouts and prototypes come from WinPR's header, so that they are not our own reading.
 *
 * Compiled for Windows it is a DLL for the engine wine: it takes layouts from mingw-w64's header, and TCP on loopback, since
 * Wine has no Unix sockets.
 *
 * A message is a 32-bit length in bytes and UTF-16 text whose fields are separated by U+001F:
 * function and arguments one way, a Win32 error code and the values the other way.
 * In an argument, U+001F and U+001B are written U+001B "_" and U+001B "[".
 */
#define _POSIX_C_SOURCE 200809L /* for WinPR 3, whose headers call fseeko */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <wtsapi32.h>
#include "stand_in_names.h" /* those below get other names, since the headers declare them as imported */
#define _CurrentTime CurrentTime
#define MSG_NOSIGNAL 0
#define close closesocket
/* Which mingw-w64's header does not have. */
typedef struct {
	DWORD SessionId;
	DWORD ProcessId;
	LPWSTR pProcessName;
	PSID pUserSid;
	DWORD NumberOfThreads;
	DWORD HandleCount;
	DWORD PagefileUsage;
	DWORD PeakPagefileUsage;
	DWORD WorkingSetSize;
	DWORD PeakWorkingSetSize;
	LARGE_INTEGER UserTime;
	LARGE_INTEGER KernelTime;
} ProcessInfoEx;
#else
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <winpr/wtsapi.h>
#include <winpr/registry.h>

typedef WTS_PROCESS_INFO_EXW ProcessInfoEx;
#endif

#define SEPARATOR 0x1F
#define ESCAPE 0x1B
#define ERROR_INVALID_USER_BUFFER_CODE 1784
#define RPC_FAILED 1726

/* ---- memory that is given out: counted, and checked when it comes back ---- */

typedef struct {
	uint64_t magic;
	uint64_t size;
} Header;

#define WTS_MAGIC 0x5754535f4d454d31ULL      /* for WTSFreeMemory */
#define SESSIONS_MAGIC 0x5754535f4d454d32ULL /* for WTSFreeMemoryExW, WTSTypeSessionInfoLevel1 */
#define NET_MAGIC 0x4e45545f4d454d31ULL      /* for NetApiBufferFree */
#define LOCAL_MAGIC 0x4c4f434c4d454d31ULL    /* for LocalFree */
/* For WTSFreeMemoryExW, WTSTypeProcessInfoLevel0, and for WTSFreeMemory: "to free other buffers [than those of
 * WTS_PROCESS_INFO_EX or WTS_SESSION_INFO_1], you can call either".
 * https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtsfreememoryexw */
#define PROCESSES_MAGIC 0x5754535f4d454d33ULL
#define PROCESSES_EX_MAGIC 0x5754535f4d454d34ULL /* for WTSFreeMemoryExW, WTSTypeProcessInfoLevel1 */

static int outstanding;

static void *give_out(size_t size, uint64_t magic)
{
	Header *header = calloc(1, sizeof *header + size);
	header->magic = magic;
	header->size = size;
	__atomic_add_fetch(&outstanding, 1, __ATOMIC_SEQ_CST);
	return header + 1;
}

/* A wrong free is a crash in Windows at best: make it one here always. */
static void take_back_either(void *memory, uint64_t magic, uint64_t other_magic)
{
	if (!memory)
		return;
	Header *header = (Header *)memory - 1;
	if (header->magic != magic && header->magic != other_magic) {
		fprintf(stderr, "windows.c: memory freed twice or by the wrong function\n");
		abort();
	}
	memset(header, 0xDD, sizeof *header + header->size);
	free(header);
	__atomic_sub_fetch(&outstanding, 1, __ATOMIC_SEQ_CST);
}

static void take_back(void *memory, uint64_t magic)
{
	take_back_either(memory, magic, magic);
}

/* Handles are counted with it. */
static void handle_given_out(void)
{
	__atomic_add_fetch(&outstanding, 1, __ATOMIC_SEQ_CST);
}

static void handle_taken_back(void)
{
	__atomic_sub_fetch(&outstanding, 1, __ATOMIC_SEQ_CST);
}

/* ---- asking the simulator ---- */

typedef struct {
	WCHAR *text;     /* the whole answer; separators have become NULs */
	uint32_t length; /* in WCHARs */
	uint32_t position;
} Answer;

#ifdef _WIN32
static DWORD connection_slot; /* of each thread: its connection, plus 1, so that 0 is none */
#define connection ((int)(intptr_t)TlsGetValue(connection_slot) - 1)

static void set_connection(int socket)
{
	DWORD error = GetLastError(); /* which TlsGetValue and TlsSetValue change */
	TlsSetValue(connection_slot, (void *)(intptr_t)(socket + 1));
	SetLastError(error);
}
#else
static __thread int connection = -1;
static pthread_key_t connection_key; /* has a value in each thread that has a connection */

static void set_connection(int socket)
{
	connection = socket;
}
#endif

static void disconnect(void)
{
	if (connection >= 0)
		close(connection);
	set_connection(-1);
}

#ifdef _WIN32
BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
	WSADATA data;
	(void)instance;
	(void)reserved;
	if (reason == DLL_PROCESS_ATTACH) {
		connection_slot = TlsAlloc();
		WSAStartup(MAKEWORD(2, 2), &data);
	} else if (reason == DLL_THREAD_DETACH) {
		disconnect();
	}
	return TRUE;
}

/* Where is 127.0.0.1:PORT. */
static int connect_to(const char *where)
{
	const char *port = strchr(where, ':');
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((u_short)atoi(port ? port + 1 : "")) };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int on = 1;
	set_connection((int)socket(AF_INET, SOCK_STREAM, 0));
	setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, (const char *)&on, sizeof on);
	return connect(connection, (struct sockaddr *)&address, sizeof address) == 0;
}
#else
static void thread_ends(void *unused)
{
	(void)unused;
	disconnect();
}

__attribute__((constructor)) static void watch_threads(void)
{
	pthread_key_create(&connection_key, thread_ends);
}

/* Where is the path of a Unix socket. */
static int connect_to(const char *where)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(where) >= sizeof address.sun_path)
		return 0;
	strcpy(address.sun_path, where);
	set_connection(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	pthread_setspecific(connection_key, &connection);
	return connect(connection, (struct sockaddr *)&address, sizeof address) == 0;
}
#endif

static int transfer(int socket, char *data, size_t size, int out)
{
	while (size > 0) {
		/* Interrupted, it is not tried again: so Mono ends a thread that hangs here when the process is to end. */
		ssize_t n = out ? send(socket, data, size, MSG_NOSIGNAL) : recv(socket, data, size, 0);
		if (n <= 0)
			return 0;
		data += n;
		size -= (size_t)n;
	}
	return 1;
}

static size_t wide_length(const WCHAR *text)
{
	size_t length = 0;
	while (text && text[length])
		length++;
	return length;
}

static int send_message(const WCHAR *text, uint32_t length)
{
	uint32_t bytes = length * 2;
	return transfer(connection, (char *)&bytes, 4, 1) && transfer(connection, (char *)text, bytes, 1);
}

static int connected(void)
{
	if (connection >= 0)
		return 1;
	const char *where = getenv("SIMULATOR_SOCKET"), *launch = getenv("SIMULATOR_LAUNCH");
	if (!where || !launch)
		return 0;
	if (!connect_to(where)) {
		disconnect();
		return 0;
	}
	WCHAR token[64];
	uint32_t length = 0;
	while (launch[length] && length < 64) {
		token[length] = (WCHAR)launch[length];
		length++;
	}
	return send_message(token, length);
}

typedef struct {
	WCHAR *text;
	uint32_t length; /* in WCHARs, as capacity */
	uint32_t capacity;
} Request;

static void append(Request *request, WCHAR character)
{
	if (request->length == request->capacity) {
		request->capacity = request->capacity ? 2 * request->capacity : 256;
		request->text = realloc(request->text, 2 * request->capacity);
		if (!request->text)
			abort();
	}
	request->text[request->length++] = character;
}

static void append_text(Request *request, const WCHAR *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		int special = text[i] == SEPARATOR || text[i] == ESCAPE;
		if (special)
			append(request, ESCAPE);
		append(request, special ? text[i] + 0x40 : text[i]);
	}
}

/* Formats: "n" a number (uint64_t), "s" a WCHAR string, "c" WCHARs and how many (uint64_t).
 * Returns the Win32 error; on 0 the answer must be freed. */
static uint32_t ask(Answer *answer, const char *function, const char *format, ...)
{
	Request request = { 0 };
	uint32_t bytes = 0;
	char digits[24];
	va_list arguments;

	memset(answer, 0, sizeof *answer);
	while (*function)
		append(&request, (WCHAR)*function++);
	va_start(arguments, format);
	for (; *format; format++) {
		append(&request, SEPARATOR);
		if (*format == 'n') {
			snprintf(digits, sizeof digits, "%llu", (unsigned long long)va_arg(arguments, uint64_t));
			for (char *digit = digits; *digit; digit++)
				append(&request, (WCHAR)*digit);
		} else {
			const WCHAR *text = va_arg(arguments, const WCHAR *);
			append_text(&request, text, *format == 'c' ? va_arg(arguments, uint64_t) : wide_length(text));
		}
	}
	va_end(arguments);
	int asked = connected() && send_message(request.text, request.length);
	free(request.text);
	if (!asked || !transfer(connection, (char *)&bytes, 4, 0)) {
		disconnect(); /* or a late answer would be taken for the next one */
		return RPC_FAILED;
	}
	answer->text = calloc(1, bytes + 2);
	answer->length = bytes / 2;
	if (!transfer(connection, (char *)answer->text, bytes, 0)) {
		free(answer->text);
		disconnect();
		return RPC_FAILED;
	}
	for (uint32_t i = 0; i < answer->length; i++)
		if (answer->text[i] == SEPARATOR)
			answer->text[i] = 0;
	uint32_t error = 0;
	const WCHAR *field = answer->text;
	for (; *field; field++)
		error = error * 10 + (*field - '0');
	answer->position = (uint32_t)(field - answer->text) + 1;
	if (error)
		free(answer->text);
	return error;
}

static int has_value(const Answer *answer)
{
	return answer->position <= answer->length;
}

static const WCHAR *next_text(Answer *answer)
{
	static const WCHAR empty = 0;
	if (!has_value(answer))
		return &empty;
	const WCHAR *text = answer->text + answer->position;
	answer->position += (uint32_t)wide_length(text) + 1;
	return text;
}

static int64_t next_number(Answer *answer)
{
	const WCHAR *text = next_text(answer);
	int negative = *text == '-';
	int64_t number = 0;
	for (text += negative; *text; text++)
		number = number * 10 + (*text - '0');
	return negative ? -number : number;
}

static void copy_text(WCHAR *target, size_t capacity, const WCHAR *text)
{
	size_t length = wide_length(text);
	memcpy(target, text, 2 * (length < capacity ? length : capacity - 1));
}

static BOOL result(uint32_t error)
{
#ifdef _WIN32
	SetLastError(error);
#else
	errno = (int)error; /* Mono and .NET on Unix report errno as the last Win32 error */
#endif
	return error == 0;
}

/* ---- SIDs: revision, count, a 48-bit authority (big-endian), then 32-bit numbers ---- */

#define SID_BYTES 68 /* SECURITY_MAX_SID_SIZE */

/* Returns the size in bytes; 0 if the text is no SID. */
static uint32_t parse_sid(const WCHAR *text, uint8_t *sid)
{
	uint64_t numbers[17];
	int count = 0;
	if ((text[0] | 0x20) != 's')
		return 0;
	for (text++; *text == '-' && count < 17; count++) {
		const WCHAR *digit = ++text;
		numbers[count] = 0;
		uint64_t most = count < 2 ? 0xFFFFFFFFFFFF : 0xFFFFFFFF;
		while (*text >= '0' && *text <= '9' && numbers[count] <= most)
			numbers[count] = numbers[count] * 10 + (uint64_t)(*text++ - '0');
		if (text == digit || numbers[count] > most)
			return 0;
	}
	if (*text || count < 3)
		return 0;
	sid[0] = (uint8_t)numbers[0];
	sid[1] = (uint8_t)(count - 2);
	for (int i = 0; i < 6; i++)
		sid[2 + i] = (uint8_t)(numbers[1] >> (40 - 8 * i));
	for (int i = 2; i < count; i++) {
		uint32_t number = (uint32_t)numbers[i];
		memcpy(sid + 8 + 4 * (i - 2), &number, 4);
	}
	return 8 + 4 * (uint32_t)(count - 2);
}

static void format_sid(const uint8_t *sid, WCHAR *text)
{
	char buffer[256];
	uint64_t authority = 0;
	for (int i = 0; i < 6; i++)
		authority = authority << 8 | sid[2 + i];
	int length = snprintf(buffer, sizeof buffer, "S-%u-%llu", sid[0], (unsigned long long)authority);
	for (int i = 0; i < sid[1]; i++) {
		uint32_t number;
		memcpy(&number, sid + 8 + 4 * i, 4);
		length += snprintf(buffer + length, sizeof buffer - (size_t)length, "-%u", number);
	}
	for (int i = 0; i <= length; i++)
		text[i] = (WCHAR)buffer[i];
}

/* The last thing a process says: what it did not give back. While Windows unloads a DLL, that is too late for sockets: so
 * there, Doorway.cs calls this. */
#ifdef _WIN32
VOID ReportLeaks(void)
#else
__attribute__((destructor)) static void report_leaks(void)
#endif
{
	Answer answer;
	if (getenv("SIMULATOR_SOCKET") && !ask(&answer, "ProcessExit", "n", (uint64_t)outstanding))
		free(answer.text);
}

/* ---- wtsapi32.dll ---- */

/* Where it is another one, it comes back as 1: "sets this parameter to one and returns an error", and for sessions "set
 * the level to the maximum supported level".
 * https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtsenumerateprocessesexw
 * https://learn.microsoft.com/openspecs/windows_protocols/ms-tsts/1a7d5d1d-1ce5-448f-bb4a-c79741982edb */
static int is_level(DWORD *level, DWORD wanted)
{
	if (level && *level == wanted)
		return 1;
	if (level)
		*level = 1;
	return 0;
}

/* What both enumerations of level 0 want: otherwise ERROR_INVALID_PARAMETER, as Wine's tests have it from Windows. */
static int is_version_1(DWORD reserved, DWORD version, const void *entries, const DWORD *count)
{
	return reserved == 0 && version == 1 && entries && count;
}

BOOL WTSEnumerateSessionsW(HANDLE server, DWORD reserved, DWORD version, PWTS_SESSION_INFOW *sessions, DWORD *count)
{
	Answer answer;
	if (!is_version_1(reserved, version, sessions, count))
		return result(87);
	uint32_t error = ask(&answer, "WTSEnumerateSessionsW", "n", (uint64_t)server);
	if (error)
		return result(error);
	DWORD n = (DWORD)next_number(&answer);
	/* One block: the array, then the text that it points into. */
	WTS_SESSION_INFOW *array = give_out(n * sizeof *array + 2 * answer.length + 2, WTS_MAGIC);
	WCHAR *text = (WCHAR *)(array + n);
	memcpy(text, answer.text, 2 * answer.length);
	for (DWORD i = 0; i < n; i++) {
		array[i].SessionId = (DWORD)next_number(&answer);
		array[i].State = (WTS_CONNECTSTATE_CLASS)next_number(&answer);
		array[i].pWinStationName = text + (next_text(&answer) - answer.text);
	}
	free(answer.text);
	*sessions = array;
	*count = n;
	return result(0);
}

BOOL WTSEnumerateSessionsExW(HANDLE server, DWORD *level, DWORD filter, PWTS_SESSION_INFO_1W *sessions, DWORD *count)
{
	Answer answer;
	if (!is_level(level, 1) || filter != 0 || !sessions || !count)
		return result(87); /* ERROR_INVALID_PARAMETER: "always set this parameter to one" */
	uint32_t error = ask(&answer, "WTSEnumerateSessionsExW", "n", (uint64_t)server);
	if (error)
		return result(error);
	DWORD n = (DWORD)next_number(&answer);
	/* One block: the array, then the text that it points into. */
	WTS_SESSION_INFO_1W *array = give_out(n * sizeof *array + 2 * answer.length + 2, SESSIONS_MAGIC);
	WCHAR *text = (WCHAR *)(array + n);
	memcpy(text, answer.text, 2 * answer.length);
#define NEXT_POINTER(member) \
	do { \
		const WCHAR *value = next_text(&answer); \
		array[i].member = *value ? text + (value - answer.text) : NULL; \
	} while (0)
	for (DWORD i = 0; i < n; i++) {
		array[i].ExecEnvId = i;
		array[i].SessionId = (DWORD)next_number(&answer);
		array[i].State = (WTS_CONNECTSTATE_CLASS)next_number(&answer);
		NEXT_POINTER(pSessionName);
		NEXT_POINTER(pHostName);
		NEXT_POINTER(pUserName);
		NEXT_POINTER(pDomainName);
		NEXT_POINTER(pFarmName);
	}
	free(answer.text);
	*sessions = array;
	*count = n;
	return result(0);
}

static void *session_info(Answer *answer, DWORD *bytes)
{
	WTSINFOW *info = give_out(*bytes = sizeof *info, WTS_MAGIC);
	info->State = (WTS_CONNECTSTATE_CLASS)next_number(answer);
	info->SessionId = (DWORD)next_number(answer);
	info->IncomingBytes = (DWORD)next_number(answer); /* frames and compressed bytes stay 0 */
	info->OutgoingBytes = (DWORD)next_number(answer);
	copy_text(info->WinStationName, sizeof info->WinStationName / 2, next_text(answer));
	copy_text(info->Domain, sizeof info->Domain / 2, next_text(answer));
	copy_text(info->UserName, sizeof info->UserName / 2, next_text(answer));
	info->ConnectTime.QuadPart = next_number(answer);
	info->DisconnectTime.QuadPart = next_number(answer);
	info->LastInputTime.QuadPart = next_number(answer);
	info->LogonTime.QuadPart = next_number(answer);
	info->_CurrentTime.QuadPart = next_number(answer);
	return info;
}

static void *session_info_ex(Answer *answer, DWORD *bytes)
{
	WTSINFOEXW *info = give_out(*bytes = sizeof *info, WTS_MAGIC);
	WTSINFOEX_LEVEL1_W *data = &info->Data.WTSInfoExLevel1;
	info->Level = 1;
	data->SessionId = (ULONG)next_number(answer);
	data->SessionState = (WTS_CONNECTSTATE_CLASS)next_number(answer);
	data->SessionFlags = (LONG)next_number(answer);
	copy_text(data->WinStationName, sizeof data->WinStationName / 2, next_text(answer));
	copy_text(data->UserName, sizeof data->UserName / 2, next_text(answer));
	copy_text(data->DomainName, sizeof data->DomainName / 2, next_text(answer));
	data->LogonTime.QuadPart = next_number(answer);
	data->ConnectTime.QuadPart = next_number(answer);
	data->DisconnectTime.QuadPart = next_number(answer);
	data->LastInputTime.QuadPart = next_number(answer);
	data->_CurrentTime.QuadPart = next_number(answer);
	data->IncomingBytes = (DWORD)next_number(answer); /* frames and compressed bytes stay 0 */
	data->OutgoingBytes = (DWORD)next_number(answer);
	return info;
}

static void *client_address(Answer *answer, DWORD *bytes)
{
	WTS_CLIENT_ADDRESS *client = give_out(*bytes = sizeof *client, WTS_MAGIC);
	client->AddressFamily = (DWORD)next_number(answer);
	for (int i = 0; i < (int)sizeof client->Address; i++)
		client->Address[i] = (BYTE)next_number(answer);
	return client;
}

static void *text_value(Answer *answer, DWORD *bytes)
{
	const WCHAR *text = next_text(answer);
	*bytes = 2 * ((DWORD)wide_length(text) + 1); /* the final NUL counts */
	return memcpy(give_out(*bytes, WTS_MAGIC), text, *bytes);
}

static void *number_value(Answer *answer, DWORD *bytes, DWORD size)
{
	int64_t number = next_number(answer); /* little-endian: its first bytes are the value */
	return memcpy(give_out(*bytes = size, WTS_MAGIC), &number, size);
}

BOOL WTSQuerySessionInformationW(HANDLE server, DWORD id, WTS_INFO_CLASS class, LPWSTR *buffer, DWORD *bytes)
{
	Answer answer;
	void *value;
	if (!buffer || !bytes)
		return result(ERROR_INVALID_USER_BUFFER_CODE);
	uint32_t error = ask(&answer, "WTSQuerySessionInformationW", "nnn", (uint64_t)server, (uint64_t)id, (uint64_t)class);
	if (error)
		return result(error);
	if (!has_value(&answer)) {
		free(answer.text);
		*buffer = NULL;
		*bytes = 0;
		return result(0);
	}
	switch (class) {
	case WTSSessionInfo:
		value = session_info(&answer, bytes);
		break;
	case WTSSessionInfoEx:
		value = session_info_ex(&answer, bytes);
		break;
	case WTSClientAddress:
		value = client_address(&answer, bytes);
		break;
	case WTSClientProtocolType:
		value = number_value(&answer, bytes, sizeof(USHORT));
		break;
	case WTSSessionId:
	case WTSConnectState:
		value = number_value(&answer, bytes, sizeof(DWORD));
		break;
	default:
		value = text_value(&answer, bytes);
	}
	free(answer.text);
	*buffer = value;
	return result(0);
}

static BOOL act(const char *function, HANDLE server, DWORD id, DWORD how)
{
	Answer answer;
	uint32_t error = ask(&answer, function, "nnn", (uint64_t)server, (uint64_t)id, (uint64_t)how);
	if (!error)
		free(answer.text);
	return result(error);
}

BOOL WTSLogoffSession(HANDLE server, DWORD id, BOOL wait)
{
	return act("WTSLogoffSession", server, id, (DWORD)wait);
}

BOOL WTSDisconnectSession(HANDLE server, DWORD id, BOOL wait)
{
	return act("WTSDisconnectSession", server, id, (DWORD)wait);
}

/* "The length, in bytes, of the message string": so many are taken, whatever the caller meant.
 * https://learn.microsoft.com/windows/win32/api/wtsapi32/nf-wtsapi32-wtssendmessagew */
BOOL WTSSendMessageW(HANDLE server, DWORD id, LPWSTR title, DWORD title_bytes, LPWSTR text, DWORD text_bytes,
                     DWORD style, DWORD timeout, DWORD *response, BOOL wait)
{
	Answer answer;
	if (!title || !text || !response)
		return result(87);
	uint32_t error = ask(&answer, "WTSSendMessageW", "nnccnnn", (uint64_t)server, (uint64_t)id, title,
	                     (uint64_t)title_bytes / 2, text, (uint64_t)text_bytes / 2, (uint64_t)style, (uint64_t)timeout,
	                     (uint64_t)wait);
	if (error)
		return result(error);
	*response = (DWORD)next_number(&answer);
	free(answer.text);
	return result(0);
}

/* Asks for a handle, which is counted until it is closed; NULL where there is an error. */
static HANDLE opened(uint32_t error, Answer *answer)
{
	if (error) {
		result(error);
		return NULL;
	}
	HANDLE handle = (HANDLE)(uintptr_t)next_number(answer);
	free(answer->text);
	handle_given_out();
	return handle;
}

HANDLE WTSOpenServerW(LPWSTR name)
{
	Answer answer;
	uint32_t error = ask(&answer, "WTSOpenServerW", "s", name);
	return opened(error, &answer);
}

HANDLE WTSOpenServerExW(LPWSTR name)
{
	Answer answer;
	uint32_t error = ask(&answer, "WTSOpenServerExW", "s", name);
	return opened(error, &answer);
}

VOID WTSCloseServer(HANDLE server)
{
	Answer answer;
	if (!ask(&answer, "WTSCloseServer", "n", (uint64_t)server)) {
		free(answer.text);
		handle_taken_back();
	}
}

static WTS_PROCESS_INFOW *process_list(Answer *answer, DWORD *count)
{
	DWORD n = (DWORD)next_number(answer);
	/* One block: the array, the SIDs, then the text that it points into. */
	WTS_PROCESS_INFOW *array = give_out(n * (sizeof *array + SID_BYTES) + 2 * answer->length + 2, PROCESSES_MAGIC);
	uint8_t *sids = (uint8_t *)(array + n);
	WCHAR *text = (WCHAR *)(sids + n * SID_BYTES);
	memcpy(text, answer->text, 2 * answer->length);
	for (DWORD i = 0; i < n; i++) {
		array[i].SessionId = (DWORD)next_number(answer);
		array[i].ProcessId = (DWORD)next_number(answer);
		const WCHAR *name = next_text(answer);
		array[i].pProcessName = text + (name - answer->text);
		parse_sid(next_text(answer), sids + i * SID_BYTES);
		array[i].pUserSid = (PSID)(void *)(sids + i * SID_BYTES);
		next_number(answer); /* threads and memory, which only the other level tells */
		next_number(answer);
	}
	free(answer->text);
	*count = n;
	return array;
}

static ProcessInfoEx *process_list_ex(Answer *answer, DWORD *count)
{
	DWORD n = (DWORD)next_number(answer);
	ProcessInfoEx *array = give_out(n * (sizeof *array + SID_BYTES) + 2 * answer->length + 2, PROCESSES_EX_MAGIC);
	uint8_t *sids = (uint8_t *)(array + n);
	WCHAR *text = (WCHAR *)(sids + n * SID_BYTES);
	memcpy(text, answer->text, 2 * answer->length);
	for (DWORD i = 0; i < n; i++) {
		array[i].SessionId = (DWORD)next_number(answer);
		array[i].ProcessId = (DWORD)next_number(answer);
		const WCHAR *name = next_text(answer);
		array[i].pProcessName = text + (name - answer->text);
		parse_sid(next_text(answer), sids + i * SID_BYTES);
		array[i].pUserSid = (PSID)(void *)(sids + i * SID_BYTES);
		array[i].NumberOfThreads = (DWORD)next_number(answer); /* handles, page files, peaks and times stay 0 */
		array[i].WorkingSetSize = (DWORD)next_number(answer);
	}
	free(answer->text);
	*count = n;
	return array;
}

BOOL WTSEnumerateProcessesW(HANDLE server, DWORD reserved, DWORD version, PWTS_PROCESS_INFOW *processes, DWORD *count)
{
	Answer answer;
	if (!is_version_1(reserved, version, processes, count))
		return result(87);
	uint32_t error = ask(&answer, "WTSEnumerateProcessesW", "n", (uint64_t)server);
	if (!error)
		*processes = process_list(&answer, count);
	return result(error);
}

BOOL WTSEnumerateProcessesExW(HANDLE server, DWORD *level, DWORD id, LPWSTR *processes, DWORD *count)
{
	Answer answer;
	if (!(level && *level == 0) && !is_level(level, 1))
		return result(87);
	if (!processes || !count)
		return result(87);
	uint32_t error = ask(&answer, "WTSEnumerateProcessesExW", "nn", (uint64_t)server, (uint64_t)id);
	if (error)
		return result(error);
	*processes = *level ? (LPWSTR)process_list_ex(&answer, count) : (LPWSTR)process_list(&answer, count);
	return result(0);
}

BOOL WTSTerminateProcess(HANDLE server, DWORD process, DWORD code)
{
	return act("WTSTerminateProcess", server, process, code);
}

VOID WTSFreeMemory(PVOID memory)
{
	take_back_either(memory, WTS_MAGIC, PROCESSES_MAGIC);
}

BOOL WTSFreeMemoryExW(WTS_TYPE_CLASS type, PVOID memory, ULONG entries)
{
	(void)entries;
	switch (type) {
	case WTSTypeProcessInfoLevel0:
		take_back(memory, PROCESSES_MAGIC);
		break;
	case WTSTypeProcessInfoLevel1:
		take_back(memory, PROCESSES_EX_MAGIC);
		break;
	case WTSTypeSessionInfoLevel1:
		take_back(memory, SESSIONS_MAGIC);
		break;
	default:
		return result(87);
	}
	return result(0);
}

/* ---- kernel32.dll ---- */

DWORD WTSGetActiveConsoleSessionId(void)
{
	Answer answer;
	if (ask(&answer, "WTSGetActiveConsoleSessionId", ""))
		return 0xFFFFFFFF;
	DWORD id = (DWORD)next_number(&answer);
	free(answer.text);
	return id;
}

HANDLE OpenProcess(DWORD access, BOOL inherit, DWORD id)
{
	Answer answer;
	(void)inherit;
	uint32_t error = ask(&answer, "OpenProcess", "nn", (uint64_t)access, (uint64_t)id);
	return opened(error, &answer);
}

BOOL CloseHandle(HANDLE handle)
{
	Answer answer;
	uint32_t error = ask(&answer, "CloseHandle", "n", (uint64_t)handle);
	if (!error) {
		free(answer.text);
		handle_taken_back();
	}
	return result(error);
}

BOOL ProcessIdToSessionId(DWORD id, DWORD *session)
{
	Answer answer;
	if (!session)
		return result(87);
	uint32_t error = ask(&answer, "ProcessIdToSessionId", "n", (uint64_t)id);
	if (error)
		return result(error);
	*session = (DWORD)next_number(&answer);
	free(answer.text);
	return result(0);
}

/* How long it used the processor is not simulated. */
BOOL GetProcessTimes(HANDLE process, FILETIME *created, FILETIME *ended, FILETIME *kernel, FILETIME *user)
{
	Answer answer;
	if (!created || !ended || !kernel || !user)
		return result(87);
	uint32_t error = ask(&answer, "GetProcessTimes", "n", (uint64_t)process);
	if (error)
		return result(error);
	int64_t begin = next_number(&answer), end = next_number(&answer);
	memcpy(created, &begin, sizeof *created);
	memcpy(ended, &end, sizeof *ended);
	memset(kernel, 0, sizeof *kernel);
	memset(user, 0, sizeof *user);
	free(answer.text);
	return result(0);
}

BOOL TerminateProcess(HANDLE process, UINT code)
{
	Answer answer;
	uint32_t error = ask(&answer, "TerminateProcess", "nn", (uint64_t)process, (uint64_t)code);
	if (!error)
		free(answer.text);
	return result(error);
}

HANDLE LocalFree(HANDLE memory)
{
	take_back(memory, LOCAL_MAGIC);
	return NULL;
}

/* ---- advapi32.dll, secur32.dll ---- */

BOOL ConvertStringSidToSidW(const WCHAR *text, void **sid)
{
	uint8_t bytes[SID_BYTES] = { 0 };
	if (!parse_sid(text, bytes))
		return result(1337); /* ERROR_INVALID_SID */
	*sid = memcpy(give_out(SID_BYTES, LOCAL_MAGIC), bytes, SID_BYTES);
	return result(0);
}

/* Copies text into a caller's buffer of so many characters; without room says how many it takes, NUL included. */
static int fill(WCHAR *buffer, DWORD *capacity, const WCHAR *text)
{
	DWORD length = (DWORD)wide_length(text);
	if (*capacity < length + 1) {
		*capacity = length + 1;
		return 0;
	}
	memcpy(buffer, text, 2 * (length + 1));
	*capacity = length;
	return 1;
}

static const WCHAR HERE[] = { 0 }; /* the system, where none is named */

BOOL LookupAccountNameW(const WCHAR *system, const WCHAR *name, uint8_t *sid, DWORD *sid_size, WCHAR *domain,
                        DWORD *domain_size, int *use)
{
	Answer answer;
	uint8_t bytes[SID_BYTES] = { 0 };
	uint32_t error = ask(&answer, "LookupAccountNameW", "ss", system ? system : HERE, name);
	if (error)
		return result(error);
	uint32_t size = parse_sid(next_text(&answer), bytes);
	int fits = *sid_size >= size;
	if (fits)
		memcpy(sid, bytes, size);
	*sid_size = size;
	fits &= fill(domain, domain_size, next_text(&answer));
	*use = (int)next_number(&answer);
	free(answer.text);
	return result(fits ? 0 : 122); /* ERROR_INSUFFICIENT_BUFFER */
}

BOOL LookupAccountSidW(const WCHAR *system, const uint8_t *sid, WCHAR *name, DWORD *name_size, WCHAR *domain,
                       DWORD *domain_size, int *use)
{
	Answer answer;
	WCHAR text[256];
	format_sid(sid, text);
	uint32_t error = ask(&answer, "LookupAccountSidW", "ss", system ? system : HERE, text);
	if (error)
		return result(error);
	int fits = fill(name, name_size, next_text(&answer));
	fits &= fill(domain, domain_size, next_text(&answer));
	*use = (int)next_number(&answer);
	free(answer.text);
	return result(fits ? 0 : 122);
}

BYTE GetUserNameExW(int format, WCHAR *name, DWORD *size)
{
	Answer answer;
	uint32_t error = 87;
	if (format == 2) /* NameSamCompatible */
		error = ask(&answer, "GetUserNameExW", "");
	else if (format == 8 || format == 12) /* NameUserPrincipal, NameDnsDomain */
		error = ask(&answer, "GetUserNameExW", "n", (uint64_t)format);
	if (error)
		return (BYTE)result(error);
	int fits = fill(name, size, next_text(&answer));
	free(answer.text);
	return (BYTE)result(fits ? 0 : 234); /* ERROR_MORE_DATA */
}

/* ---- advapi32.dll: the registry, of which numbers and text are simulated. Its functions return the error. ---- */

LONG RegOpenKeyExW(HKEY root, LPCWSTR path, DWORD options, REGSAM access, PHKEY key)
{
	Answer answer;
	if (root != HKEY_LOCAL_MACHINE || options || !key)
		return 87;
	uint32_t error = ask(&answer, "RegOpenKeyExW", "sn", path, (uint64_t)access);
	if (error)
		return (LONG)error;
	*key = (HKEY)(uintptr_t)next_number(&answer);
	free(answer.text);
	handle_given_out();
	return 0;
}

LONG RegCreateKeyExW(HKEY root, LPCWSTR path, DWORD reserved, LPWSTR class, DWORD options, REGSAM access,
	LPSECURITY_ATTRIBUTES security, PHKEY key, LPDWORD disposition)
{
	Answer answer;
	if (root != HKEY_LOCAL_MACHINE || reserved || class || options || security || !key || !disposition)
		return 87;
	uint32_t error = ask(&answer, "RegCreateKeyExW", "sn", path, (uint64_t)access);
	if (error)
		return (LONG)error;
	*key = (HKEY)(uintptr_t)next_number(&answer);
	*disposition = (DWORD)next_number(&answer);
	free(answer.text);
	handle_given_out();
	return 0;
}

static LONG of_key(const char *function, HKEY key, LPCWSTR name)
{
	Answer answer;
	uint32_t error = name ? ask(&answer, function, "ns", (uint64_t)key, name) : ask(&answer, function, "n", (uint64_t)key);
	if (!error)
		free(answer.text);
	return (LONG)error;
}

LONG RegDeleteValueW(HKEY key, LPCWSTR name)
{
	return name ? of_key("RegDeleteValueW", key, name) : 87;
}

LONG RegDeleteTreeW(HKEY key, LPCWSTR name)
{
	return name ? of_key("RegDeleteTreeW", key, name) : 87;
}

LONG RegFlushKey(HKEY key)
{
	return of_key("RegFlushKey", key, NULL);
}

/* Without enough room it says how many bytes it takes: 234 is ERROR_MORE_DATA.
 * https://learn.microsoft.com/windows/win32/api/winreg/nf-winreg-regqueryvalueexw */
LONG RegQueryValueExW(HKEY key, LPCWSTR name, LPDWORD reserved, LPDWORD type, LPBYTE data, LPDWORD size)
{
	Answer answer;
	if (reserved || !type || !data || !size)
		return 87;
	uint32_t error = ask(&answer, "RegQueryValueExW", "ns", (uint64_t)key, name);
	if (error)
		return (LONG)error;
	*type = (DWORD)next_number(&answer);
	DWORD number = 0, room = *size;
	const void *value = &number;
	if (*type == REG_DWORD) {
		number = (DWORD)next_number(&answer);
		*size = sizeof number;
	} else {
		value = next_text(&answer);
		*size = 2 * ((DWORD)wide_length(value) + 1); /* the final NUL counts */
	}
	if (*size <= room)
		memcpy(data, value, *size);
	free(answer.text);
	return *size <= room ? 0 : 234;
}

LONG RegSetValueExW(HKEY key, LPCWSTR name, DWORD reserved, DWORD type, const BYTE *data, DWORD size)
{
	Answer answer;
	uint32_t error = 87;
	const WCHAR *text = (const WCHAR *)(const void *)data;
	if (!reserved && type == REG_DWORD && size == sizeof(DWORD)) {
		DWORD number;
		memcpy(&number, data, sizeof number);
		error = ask(&answer, "RegSetValueExW", "nsnn", (uint64_t)key, name, (uint64_t)type, (uint64_t)number);
	} else if (!reserved && type == REG_SZ && size >= 2 && size % 2 == 0 && !text[size / 2 - 1]) {
		error = ask(&answer, "RegSetValueExW", "nsns", (uint64_t)key, name, (uint64_t)type, text);
	}
	if (!error)
		free(answer.text);
	return (LONG)error;
}

LONG RegCloseKey(HKEY key)
{
	Answer answer;
	uint32_t error = ask(&answer, "RegCloseKey", "n", (uint64_t)key);
	if (error)
		return (LONG)error;
	free(answer.text);
	handle_taken_back();
	return 0;
}

/* ---- advapi32.dll: the event log of this host. Of an event, one string is simulated, and no data. ---- */

HANDLE RegisterEventSourceW(LPCWSTR server, LPCWSTR source)
{
	Answer answer;
	return opened(server ? 87 : ask(&answer, "RegisterEventSourceW", "s", source), &answer);
}

BOOL ReportEventW(HANDLE log, WORD type, WORD category, DWORD event, PSID user, WORD strings, DWORD bytes,
                  LPCWSTR *texts, LPVOID data)
{
	Answer answer;
	if (user || strings != 1 || bytes || !texts || data)
		return result(87);
	uint32_t error = ask(&answer, "ReportEventW", "nnnns", (uint64_t)log, (uint64_t)type, (uint64_t)category,
	                     (uint64_t)event, texts[0]);
	if (!error)
		free(answer.text);
	return result(error);
}

BOOL DeregisterEventSource(HANDLE log)
{
	Answer answer;
	uint32_t error = ask(&answer, "DeregisterEventSource", "n", (uint64_t)log);
	if (!error)
		free(answer.text);
	handle_taken_back(); /* a program that is refused can do no more */
	return result(error);
}

/* ---- netapi32.dll (lmwksta.h) ---- */

typedef struct {
	DWORD platform_id;
	LPWSTR computername;
	LPWSTR langroup;
	DWORD ver_major;
	DWORD ver_minor;
} WKSTA_INFO_100;

DWORD NetWkstaGetInfo(LPWSTR server, DWORD level, void **buffer)
{
	Answer answer;
	if (level != 100)
		return 124; /* ERROR_INVALID_LEVEL */
	uint32_t error = ask(&answer, "NetWkstaGetInfo", "s", server);
	if (error)
		return error;
	WKSTA_INFO_100 *info = give_out(sizeof *info + 2 * answer.length + 2, NET_MAGIC);
	WCHAR *text = memcpy(info + 1, answer.text, 2 * answer.length);
	info->platform_id = 500; /* PLATFORM_ID_NT */
	info->computername = text + (next_text(&answer) - answer.text);
	info->langroup = text + (next_text(&answer) - answer.text);
	info->ver_major = (DWORD)next_number(&answer);
	info->ver_minor = (DWORD)next_number(&answer);
	free(answer.text);
	*buffer = info;
	return 0;
}

DWORD NetApiBufferFree(void *buffer)
{
	take_back(buffer, NET_MAGIC);
	return 0;
}
