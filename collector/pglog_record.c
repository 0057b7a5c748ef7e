/* pglog_record.c -- see pglog_record.h */
#include "collector/pglog_record.h"

#include "store/cleanup.h"

#include <strings.h>

enum { ZONE_MAX_S = 7 * 86400 }; /* from UTC: the server knows none beyond that */

/* As the server's message catalogues have them; those of a severity end with the first NULL. */
static const char *const severities[PGLOG_SEVERITIES][20] = {
    [PGLOG_DEBUG] = {"DEBUG", "DEBUG1", "DEBUG2", "DEBUG3", "DEBUG4", "DEBUG5", "გამართვა", "디버그", "ОТЛАДКА",
        "НАЛАГОДЖЕННЯ", "调试", "除錯"},
    [PGLOG_INFO] = {"INFO", "ინფორმაცია", "정보", "ИНФОРМАЦИЯ", "ІНФОРМАЦІЯ", "信息", "資訊"},
    [PGLOG_NOTICE] = {"NOTICE", "HINWEIS", "NOTIFICA", "NOTIS", "알림", "ЗАМЕЧАНИЕ", "ПОВІДОМЛЕННЯ", "注意"},
    [PGLOG_LOG] = {"LOG", "LOGG", "ჟურნალი", "로그", "СООБЩЕНИЕ", "ЗАПИСУВАННЯ", "日志", "日誌"},
    [PGLOG_WARNING] = {"WARNING", "WARNUNG", "ATTENTION", "ATTENZIONE", "AVISO", "VARNING", "UYARI", "OSTRZEŻENIE",
        "გაფრთხილება", "경고", "ПРЕДУПРЕЖДЕНИЕ", "ПОПЕРЕДЖЕННЯ", "警告"},
    [PGLOG_ERROR] = {"ERROR", "FEHLER", "ERREUR", "ERRORE", "ERRO", "FEL", "HATA", "BŁĄD", "შეცდომა", "오류", "ОШИБКА",
        "ПОМИЛКА", "错误", "錯誤"},
    [PGLOG_FATAL] = {"FATAL", "FATALE", "FATALT", "ფატალური", "치명적오류", "ВАЖНО", "ФАТАЛЬНО", "致命错误",
        "致命錯誤"},
    [PGLOG_PANIC] = {"PANIC", "PANIK", "PANICO", "PÂNICO", "PANIKA", "პანიკა", "손상", "ПАНИКА", "ПАНІКА", "灾难性错误",
        "嚴重錯誤"},
};

static const char *const parts[PGLOG_PARTS][32] = {
    [PGLOG_DETAIL] = {"DETAIL:  ", "DETALLE:  ", "DÉTAIL:  ", "DETTAGLI:  ", "DETALHE:  ", "DETALJ:  ", "詳細:  ",
        "დეტალები:  ", "상세정보:  ", "ПОДРОБНОСТИ:  ", "ВІДОМОСТІ:  ", "详情:  ", "詳情:  "},
    [PGLOG_CONTEXT] = {"CONTEXT:  ", "ZUSAMMENHANG:  ", "CONTEXTO:  ", "CONTEXTE :  ", "CONTESTO:  ", "KONTEXT:  ",
        "文脈:  ", "კონტექსტი:  ", "내용:  ", "КОНТЕКСТ:  ", "上下文:  "},
    [PGLOG_STATEMENT] = {"STATEMENT:  ", "ANWEISUNG:  ", "SENTENCIA:  ", "INSTRUCTION :  ", "ISTRUZIONE:  ",
        "COMANDO:  ", "SATS:  ", "文:  ", "ოპერატორი:  ", "명령 구문:  ", "ОПЕРАТОР:  ", "ІНСТРУКЦІЯ:  ", "语句:  ",
        "陳述式:  "},
    [PGLOG_OTHER] = {"HINT:  ", "QUERY:  ", "LOCATION:  ", "BACKTRACE:  ", "TIPP:  ", "ASTUCE :  ", "SUGGERIMENTO:  ",
        "ヒント:  ", "მინიშნება:  ", "힌트:  ", "ПОДСКАЗКА:  ", "TIPS:  ", "УКАЗІВКА:  ", "提示:  ", "ANFRAGE:  ",
        "CONSULTA:  ", "REQUÊTE :  ", "問い合わせ:  ", "მოთხოვნა:  ", "쿼리:", "ЗАПРОС:  ", "FRÅGA:  ", "ЗАПИТ:  ",
        "查询:  ", "查詢:  ", "バックトレース:  ", "СТЕК:  "},
};

void pglog_record_clear(struct pglog_record *rec)
{
	*rec = (struct pglog_record){.time_ms = INT64_MIN};
}

const char *pglog_record_severity(enum pglog_severity s)
{
	return s == PGLOG_UNKNOWN ? "" : severities[s][0];
}

enum pglog_severity pglog_record_find_severity(struct pgtext word)
{
	/* The worst first: one word stands for two of them in Georgian. */
	for (unsigned s = PGLOG_SEVERITIES - 1; s > PGLOG_UNKNOWN; s--)
		for (unsigned i = 0; i < N_ELEMENTS(severities[s]) && severities[s][i]; i++)
			if (pgtext_is(word, severities[s][i]))
				return s;
	return PGLOG_UNKNOWN;
}

enum pglog_part pglog_record_take_part(struct pgtext *t)
{
	for (unsigned part = PGLOG_DETAIL; part < PGLOG_PARTS; part++)
		for (unsigned i = 0; i < N_ELEMENTS(parts[part]) && parts[part][i]; i++)
			if (pgtext_take(t, parts[part][i]))
				return part;
	return PGLOG_MESSAGE;
}

void pglog_record_set_sqlstate(struct pglog_record *rec, struct pgtext s)
{
	if (s.len != sizeof rec->sqlstate - 1)
		return;
	for (size_t i = 0; i < s.len; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
			return;
	memcpy(rec->sqlstate, s.p, s.len);
	rec->sqlstate[s.len] = '\0';
	if (rec->severity != PGLOG_UNKNOWN)
		return;
	if (pgtext_begins(s, "00"))
		rec->severity = PGLOG_LOG;
	else
		rec->severity = pgtext_begins(s, "01") ? PGLOG_WARNING : PGLOG_ERROR;
}

/* --- times --- */

static bool take_digits(struct pgtext *t, size_t n, unsigned *ret)
{
	unsigned v = 0;

	if (t->len < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (t->p[i] < '0' || t->p[i] > '9')
			return false;
		v = 10 * v + (unsigned)(t->p[i] - '0');
	}
	pgtext_skip(t, n);
	*ret = v;
	return true;
}

/* Days from 1970 to a date of the Gregorian calendar. */
static int64_t days_to(unsigned year, unsigned month, unsigned day)
{
	/* Years begin with March, so that the leap day is the last. */
	int64_t y = (int64_t)year - (month <= 2);
	int64_t of_year = (153 * ((int64_t)(month + 9) % 12) + 2) / 5 + day - 1;

	return y * 365 + y / 4 - y / 100 + y / 400 + of_year - 719468;
}

/* Names are in capitals there, and may be otherwise in the log. */
static bool find_zone(const struct pglog_clock *clock, struct pgtext name, int64_t *ret_s)
{
	struct pgtext left = pgtext_of(clock->zones), zone;

	while (pgtext_take_until(&left, "=", &zone)) {
		bool before = pgtext_take(&left, "-");
		uint64_t s;

		if (!pgtext_take_u64(&left, &s) || s > ZONE_MAX_S)
			return false;
		pgtext_take(&left, " ");
		if (zone.len == name.len && strncasecmp(zone.p, name.p, name.len) == 0) {
			*ret_s = before ? -(int64_t)s : (int64_t)s;
			return true;
		}
	}
	return false;
}

/* Takes a zone: a word, or "+03", "-0330", "+05:45". False: how far it is from UTC is not known. */
static bool take_zone(struct pgtext *t, const struct pglog_clock *clock, int64_t *ret_s)
{
	struct pgtext word = *t;
	unsigned hours, minutes = 0;
	char sign = t->len > 0 ? *t->p : '\0';

	if (sign == '+' || sign == '-') {
		pgtext_skip(t, 1);
		if (!take_digits(t, 2, &hours))
			return false;
		pgtext_take(t, ":");
		take_digits(t, 2, &minutes);
		*ret_s = (int64_t)(hours * 3600 + minutes * 60) * (sign == '-' ? -1 : 1);
		return true;
	}
	while (t->len > 0 && ((*t->p >= 'A' && *t->p <= 'Z') || (*t->p >= 'a' && *t->p <= 'z')))
		pgtext_skip(t, 1);
	word.len -= t->len;
	*ret_s = 0;
	if (pgtext_is(word, "UTC") || pgtext_is(word, "GMT") || pgtext_is(word, "Z"))
		return true;
	return find_zone(clock, word, ret_s);
}

bool pglog_record_take_time(struct pgtext *t, const struct pglog_clock *clock, int64_t *ret)
{
	unsigned year, month, day, hour, minute, second, ms = 0;
	struct pgtext left = *t, zone;
	int64_t offset_s;

	if (!take_digits(&left, 4, &year) || !pgtext_take(&left, "-") || !take_digits(&left, 2, &month) ||
	    !pgtext_take(&left, "-") || !take_digits(&left, 2, &day) || !pgtext_take(&left, " ") ||
	    !take_digits(&left, 2, &hour) || !pgtext_take(&left, ":") || !take_digits(&left, 2, &minute) ||
	    !pgtext_take(&left, ":") || !take_digits(&left, 2, &second))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	if (pgtext_take(&left, ".") && !take_digits(&left, 3, &ms))
		return false;
	zone = left;
	*t = left;
	*ret = INT64_MIN;
	if (!pgtext_take(&zone, " "))
		return true;
	if (take_zone(&zone, clock, &offset_s))
		*ret = (((days_to(year, month, day) * 24 + hour) * 60 + minute) * 60 + second - offset_s) * 1000 + ms;
	*t = zone;
	return true;
}
