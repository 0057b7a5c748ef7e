/* tables_net.c -- tests of the tables of the network, on texts of our own */
#include "tests/table_check.h"

#define DEV_HEADER "Inter-|   Receive  |  Transmit\n face |bytes packets|bytes\n"

static void a_number_may_stand_right_behind_the_interfaces_colon(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net", "proc/net/dev",
	        DEV_HEADER "eth0:1:4294967296 2 3 4 5 6 7 8 18446744073709551615 10 11 12 13 14 15 16\n"
	                   "  bad: 18446744073709551616 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
	                   "short: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 1);
		str_eq(cell(&g, 0, "interface"), "eth0:1");
		str_eq(cell(&g, 0, "rx_bytes"), "4294967296");
		str_eq(cell(&g, 0, "tx_bytes"), "18446744073709551615");
		str_eq(cell(&g, 0, "tx_compressed"), "16");
		str_eq(cell(&g, 0, "operstate"), "NULL");
	}
	source_rig_down(&g);
}

/* proc/net/dev with these interfaces. */
static void write_dev(const char *root, const char *const *names, size_t n)
{
	char text[4096];
	int len = snprintf(text, sizeof text, DEV_HEADER);

	for (size_t i = 0; i < n; i++)
		len += snprintf(
		    text + len, sizeof text - (size_t)len, "%6s: %zu 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", names[i], i);
	write_bytes(root, "proc/net/dev", text, (size_t)len);
}

static void a_link_is_read_when_it_is_new_and_rarely_after_that(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, (const char *const[]){"lo", "a"}, 2);
	write_text(root, "sys/class/net/a/speed", "10\n");
	write_text(root, "sys/class/net/a/operstate", "up\n");
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g)); /* tick 1 */
		str_eq(cell(&g, 1, "speed_mbit"), "10");
		str_eq(cell(&g, 1, "operstate"), "up");
		str_eq(cell(&g, 1, "duplex"), "NULL");
		write_text(root, "sys/class/net/a/speed", "100\n");
		write_text(root, "sys/class/net/b/speed", "2500\n");
		write_dev(root, (const char *const[]){"b", "a", "lo"}, 3);
		for (int tick = 2; tick <= 30; tick++)
			ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "interface"), "b");
		str_eq(cell(&g, 0, "speed_mbit"), "2500");
		str_eq(cell(&g, 1, "speed_mbit"), "10");
		str_eq(cell(&g, 2, "speed_mbit"), "NULL");
		ok_r(source_rig_sample(&g)); /* tick 31 */
		str_eq(cell(&g, 1, "speed_mbit"), "100");

		/* One that goes and comes back is new. */
		write_dev(root, (const char *const[]){"lo"}, 1);
		ok_r(source_rig_sample(&g));
		write_text(root, "sys/class/net/a/speed", "1000\n");
		write_dev(root, (const char *const[]){"lo", "a"}, 2);
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 1, "speed_mbit"), "1000");
	}
	source_rig_down(&g);
}

static void so_many_links_are_read_in_a_tick_and_the_others_in_the_next(void)
{
	static const char *const names[] = {"i0", "i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9"};
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, names, N_ELEMENTS(names));
	for (size_t i = 0; i < N_ELEMENTS(names); i++) {
		char path[64];

		snprintf(path, sizeof path, "sys/class/net/%s/operstate", names[i]);
		write_text(root, path, "up\n");
	}
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 7, "operstate"), "up");
		str_eq(cell(&g, 8, "operstate"), "NULL");
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 7, "operstate"), "up");
		str_eq(cell(&g, 9, "operstate"), "up");
	}
	source_rig_down(&g);
}

static void a_speed_that_is_not_known_is_null(void)
{
	static const char *const unknown[] = {"-1\n", "4294967295\n", "65535\n", "fast\n", "10", ""};

	for (size_t i = 0; i < N_ELEMENTS(unknown); i++) {
		const char *root = new_root();
		struct source_rig g;

		write_dev(root, (const char *const[]){"a"}, 1);
		write_text(root, "sys/class/net/a/speed", unknown[i]);
		if (rig_up(&g, "net", root)) {
			ok_r(source_rig_sample(&g));
			str_eq(cell(&g, 0, "speed_mbit"), "NULL");
		}
		source_rig_down(&g);
	}
}

static void an_interfaces_name_leads_to_no_other_directory(void)
{
	const char *root = new_root();
	struct source_rig g;

	write_dev(root, (const char *const[]){"x/../../../secret", "..", "a"}, 3);
	write_text(root, "sys/class/net/a/speed", "10\n");
	write_text(root, "sys/class/net/x/speed", "10\n");
	write_text(root, "sys/secret/speed", "66\n");
	write_text(root, "sys/class/speed", "67\n");
	if (rig_up(&g, "net", root)) {
		ok_r(source_rig_sample(&g));
		str_eq(cell(&g, 0, "speed_mbit"), "NULL");
		str_eq(cell(&g, 1, "speed_mbit"), "NULL");
		str_eq(cell(&g, 2, "speed_mbit"), "10");
	}
	source_rig_down(&g);
}

static void a_field_is_a_counter_or_a_gauge_and_never_both(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/snmp",
	        "Ip: Forwarding InReceives ReasmTimeout\nIp: 2 18446744073709551615 5\n"
	        "Tcp: MaxConn CurrEstab InSegs OutSegs RetransSegs\nTcp: -1 18446744073709551615 -7 x 9\n"
	        "Other: Forwarding\nOther: 3\n",
	        &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 6);
		str_eq(cell(&g, 0, "gauge"), "2");
		str_eq(cell(&g, 0, "counter"), "NULL");
		str_eq(cell(&g, 1, "counter"), "18446744073709551615");
		str_eq(cell(&g, 1, "gauge"), "NULL");
		str_eq(cell(&g, 2, "counter"), "5");
		str_eq(cell(&g, 3, "field"), "MaxConn");
		str_eq(cell(&g, 3, "gauge"), "-1");
		str_eq(cell(&g, 4, "field"), "RetransSegs"); /* values that are none do not shift the others */
		str_eq(cell(&g, 4, "counter"), "9");
		str_eq(cell(&g, 5, "protocol"), "Other");
		str_eq(cell(&g, 5, "counter"), "3");
	}
	source_rig_down(&g);
}

static void lines_of_names_and_values_that_do_not_belong_together_are_no_rows(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/netstat",
	        "TcpExt: A B\nIpExt: C D\nIpExt: 1 2 3\nUdp: E F\nUdp: 4\n\nLast: G\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "field"), "C");
		str_eq(cell(&g, 1, "field"), "D");
		str_eq(cell(&g, 1, "counter"), "2");
		str_eq(cell(&g, 2, "field"), "E");
	}
	source_rig_down(&g);
}

static void names_of_snmp6_are_split_behind_their_protocol(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "net_snmp", "proc/net/snmp6",
	        "Ip6InReceives  \t1\nIcmp6OutType6 2\nUdpLite6NoPorts 3\nPlain 4\nOdd6 5\nUdp6Bad x\n", &root)) {
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 5);
		str_eq(cell(&g, 0, "protocol"), "Ip6");
		str_eq(cell(&g, 0, "field"), "InReceives");
		str_eq(cell(&g, 1, "protocol"), "Icmp6");
		str_eq(cell(&g, 1, "field"), "OutType6");
		str_eq(cell(&g, 2, "protocol"), "UdpLite6");
		str_eq(cell(&g, 3, "protocol"), "snmp6");
		str_eq(cell(&g, 3, "field"), "Plain");
		str_eq(cell(&g, 4, "field"), "Odd6");
	}
	source_rig_down(&g);
}

static void a_word_of_sockstat_that_is_new_gets_a_column(void)
{
	struct source_rig g;
	const char *root;

	if (rig_on(&g, "sockets", "proc/net/sockstat", "sockets: used 3\nTCP: inuse 1 mem 2\n", &root)) {
		ok_r(source_rig_sample(&g));
		write_text(root, "proc/net/sockstat",
		    "sockets: used 4\nTCP: inuse 1 fresh 9 mem -2 alloc 5\nUDP: inuse 2 protocol 7\n");
		ok_r(source_rig_sample(&g));
		eq(g.t->n_rows, 3);
		str_eq(cell(&g, 0, "used"), "4");
		str_eq(cell(&g, 0, "inuse"), "NULL");
		str_eq(cell(&g, 1, "fresh"), "9");
		str_eq(cell(&g, 1, "mem_pages"), "NULL");
		str_eq(cell(&g, 2, "protocol"), "UDP");
		str_eq(cell(&g, 2, "fresh"), "NULL");
	}
	source_rig_down(&g);
}

int main(void)
{
	RUN(a_number_may_stand_right_behind_the_interfaces_colon);
	RUN(a_link_is_read_when_it_is_new_and_rarely_after_that);
	RUN(so_many_links_are_read_in_a_tick_and_the_others_in_the_next);
	RUN(a_speed_that_is_not_known_is_null);
	RUN(an_interfaces_name_leads_to_no_other_directory);
	RUN(a_field_is_a_counter_or_a_gauge_and_never_both);
	RUN(lines_of_names_and_values_that_do_not_belong_together_are_no_rows);
	RUN(names_of_snmp6_are_split_behind_their_protocol);
	RUN(a_word_of_sockstat_that_is_new_gets_a_column);
	return tap_done();
}
