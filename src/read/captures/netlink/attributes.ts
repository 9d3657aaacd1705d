/** Numbers of netlink's attributes (include/uapi/linux/netfilter/nf_tables.h), of which a trace event is made. */

// enum nft_trace_attributes
export const NFTA_TRACE_TABLE = 1
export const NFTA_TRACE_CHAIN = 2
export const NFTA_TRACE_RULE_HANDLE = 3
export const NFTA_TRACE_TYPE = 4
export const NFTA_TRACE_VERDICT = 5
export const NFTA_TRACE_ID = 6
export const NFTA_TRACE_LL_HEADER = 7
export const NFTA_TRACE_NETWORK_HEADER = 8
export const NFTA_TRACE_TRANSPORT_HEADER = 9
export const NFTA_TRACE_IIF = 10
export const NFTA_TRACE_IIFTYPE = 11
export const NFTA_TRACE_OIF = 12
export const NFTA_TRACE_OIFTYPE = 13
export const NFTA_TRACE_MARK = 14
export const NFTA_TRACE_NFPROTO = 15
export const NFTA_TRACE_POLICY = 16
export const NFTA_TRACE_CT_DIRECTION = 19
export const NFTA_TRACE_CT_STATUS = 20
export const NFTA_TRACE_CT_STATE = 21
// enum nft_verdict_attributes
export const NFTA_VERDICT_CODE = 1
export const NFTA_VERDICT_CHAIN = 2
