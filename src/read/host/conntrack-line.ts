/** The lines of `conntrack -L`. */

export const ENTRY =
  /^(?:ipv[46]\s+\d+\s+)?([a-z][\w-]*)\s+(\d+)\s+(?:(\d+)\s+)?(?:([A-Z][A-Z0-9_]*)\s+)?((?:\w+=\S+\s+)*?src=.*)$/
/** What conntrack adds on standard error. */
export const SUMMARY = /^conntrack v\S+ \(conntrack-tools\):|^nfct_labelmap_new:/
/** What `conntrack -D` says of the connections above: they are gone. */
export const DELETED = /\bflow entr(?:y|ies) ha(?:s|ve) been deleted\b/
/** With `-o save`. */
export const SAVED_ENTRY = /^-A -t \d+ -u [A-Z_,]+ -[sg] /
