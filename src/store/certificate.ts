/** A server whose certificate Node does not trust: neither the server nor the network is at fault, and a setting mends it. */

/** Node's codes where the authority that signed is not among those it knows (tls, "X509 certificate error codes"). */
const UNKNOWN_AUTHORITY = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

export const isOfCertificate = (code: string): boolean => UNKNOWN_AUTHORITY.has(code) || /^(?:CERT_|ERR_TLS)/.test(code)

/** What a connection says, and what helps. */
export const withTrust = ({ message, code = '' }: NodeJS.ErrnoException): string =>
  UNKNOWN_AUTHORITY.has(code)
    ? `${message}; NODE_EXTRA_CA_CERTS=FILE names an authority that Node is to trust`
    : message
