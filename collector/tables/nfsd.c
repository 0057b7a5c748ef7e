/* nfsd.c -- table nfsd: what NFS clients asked of this machine, out of /proc/net/rpc/nfsd
 *
 * The file is there while the server's module is loaded. proc4 counts compounds, proc4ops the operations in them.
 */
#include "collector/procfiles.h"
#include "collector/rpcstat.h"

static const char *const rc[] = {"hits", "misses", "nocache"};
static const char *const fh[] = {"stale"};
static const char *const io[] = {"read_bytes", "write_bytes"};
static const char *const th[] = {"threads"};
static const char *const net[] = {"packets", "udp", "tcp", "tcp_connections"};
static const char *const rpc[] = {"calls", "bad_calls", "bad_format", "bad_auth", "bad_client"};
static const char *const nfs4[] = {"null", "compound"};
/* Numbers of operations begin with 3. */
static const char *const nfs4_ops[] = {NULL, NULL, NULL, "access", "close", "commit", "create", "delegpurge",
    "delegreturn", "getattr", "getfh", "link", "lock", "lockt", "locku", "lookup", "lookupp", "nverify", "open",
    "openattr", "open_confirm", "open_downgrade", "putfh", "putpubfh", "putrootfh", "read", "readdir", "readlink",
    "remove", "rename", "renew", "restorefh", "savefh", "secinfo", "setattr", "setclientid", "setclientid_confirm",
    "verify", "write", "release_lockowner", "backchannel_ctl", "bind_conn_to_session", "exchange_id", "create_session",
    "destroy_session", "free_stateid", "get_dir_delegation", "getdeviceinfo", "getdevicelist", "layoutcommit",
    "layoutget", "layoutreturn", "secinfo_no_name", "sequence", "set_ssv", "test_stateid", "want_delegation",
    "destroy_clientid", "reclaim_complete", "allocate", "copy", "copy_notify", "deallocate", "io_advise", "layouterror",
    "layoutstats", "offload_cancel", "offload_status", "read_plus", "seek", "write_same", "clone", "getxattr",
    "setxattr", "listxattrs", "removexattr"};

static const struct rpcstat_line lines[] = {
    {"rc", rc, N_ELEMENTS(rc), false, KIND_COUNTER},
    {"fh", fh, N_ELEMENTS(fh), false, KIND_COUNTER},
    {"io", io, N_ELEMENTS(io), false, KIND_COUNTER},
    {"th", th, N_ELEMENTS(th), false, KIND_GAUGE},
    {"net", net, N_ELEMENTS(net), false, KIND_COUNTER},
    {"rpc", rpc, N_ELEMENTS(rpc), false, KIND_COUNTER},
    {"proc2", rpcstat_nfs2, RPCSTAT_NFS2_N, true, KIND_COUNTER},
    {"proc3", rpcstat_nfs3, RPCSTAT_NFS3_N, true, KIND_COUNTER},
    {"proc4", nfs4, N_ELEMENTS(nfs4), true, KIND_COUNTER},
    {"proc4ops", nfs4_ops, N_ELEMENTS(nfs4_ops), true, KIND_COUNTER},
};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(1, ret_state);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *text;
	int r = procfiles_read(state, 0, env->fs, "proc/net/rpc/nfsd", &text);

	return r < 0 ? r : rpcstat_row(text, lines, N_ELEMENTS(lines), t);
}

SOURCE(nfsd) = {
    .name = "nfsd",
    .id = 27,
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
