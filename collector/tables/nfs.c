/* nfs.c -- table nfs: what this machine asked of NFS servers, out of /proc/net/rpc/nfs
 *
 * The file is there while the client's module is loaded. Procedures of version 4 are the client's own compounds, which
 * the kernel numbers as it likes; names are those of Linux 3.18 and later, where new ones are only added at the end.
 */
#include "collector/procfiles.h"
#include "collector/rpcstat.h"

static const char *const net[] = {"packets", "udp", "tcp", "tcp_connections"};
static const char *const rpc[] = {"calls", "retransmissions", "auth_refreshes"};
static const char *const nfs4[] = {"null", "read", "write", "commit", "open", "open_confirm", "open_noattr",
    "open_downgrade", "close", "setattr", "fsinfo", "renew", "setclientid", "setclientid_confirm", "lock", "lockt",
    "locku", "access", "getattr", "lookup", "lookup_root", "remove", "rename", "link", "symlink", "create", "pathconf",
    "statfs", "readlink", "readdir", "server_caps", "delegreturn", "getacl", "setacl", "fs_locations",
    "release_lockowner", "secinfo", "fsid_present", "exchange_id", "create_session", "destroy_session", "sequence",
    "get_lease_time", "reclaim_complete", "layoutget", "getdeviceinfo", "layoutcommit", "layoutreturn",
    "secinfo_no_name", "test_stateid", "free_stateid", "getdevicelist", "bind_conn_to_session", "destroy_clientid",
    "seek", "allocate", "deallocate", "layoutstats", "clone", "copy", "offload_cancel", "lookupp", "layouterror",
    "copy_notify", "getxattr", "setxattr", "listxattrs", "removexattr", "read_plus"};

static const struct rpcstat_line lines[] = {
    {"net", net, N_ELEMENTS(net), false, KIND_COUNTER},
    {"rpc", rpc, N_ELEMENTS(rpc), false, KIND_COUNTER},
    {"proc2", rpcstat_nfs2, RPCSTAT_NFS2_N, true, KIND_COUNTER},
    {"proc3", rpcstat_nfs3, RPCSTAT_NFS3_N, true, KIND_COUNTER},
    {"proc4", nfs4, N_ELEMENTS(nfs4), true, KIND_COUNTER},
};

static int open_(const struct source_env *env, void **ret_state)
{
	(void)env;
	return procfiles_open(1, ret_state);
}

static int sample(const struct source_env *env, void *state, struct table *t)
{
	const char *text;
	int r = procfiles_read(state, 0, env->fs, "proc/net/rpc/nfs", &text);

	return r < 0 ? r : rpcstat_row(text, lines, N_ELEMENTS(lines), t);
}

SOURCE(nfs) = {
    .name = "nfs",
    .id = 26,
    .open = open_,
    .close = procfiles_close,
    .sample = sample,
};
