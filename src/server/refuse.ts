/** What no page of ours ever asks for is refused before anything looks at it. */
import type { IncomingMessage } from 'node:http'

export interface Refusal {
  status: number
  words: string
}

/** Characters; ours have fewer than a hundred. */
const LONGEST_ADDRESS = 512
/** Of names in dist/page. Nothing is decoded: `%2e` is no dot here. */
const PLAIN = /^(?:\/[\w.-]*)+$/
const refuse = (status: number, words: string): Refusal => ({ status, words: `${words}\n` })

/**
 * `hosts`: what a link to this server may name. `posted`: the one address that takes a POST, where there is one. Of a
 * request of ours, undefined.
 */
export function refusalOf(
  { method, url = '', headers, rawHeaders }: IncomingMessage,
  hosts: ReadonlySet<string>,
  posted?: string,
): Refusal | undefined {
  if (method !== 'GET' && method !== 'HEAD' && !(method === 'POST' && url === posted))
    return refuse(405, 'Only GET and HEAD are answered.')
  if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')
    return refuse(413, 'Nothing can be uploaded.')
  if (headers.upgrade !== undefined) return refuse(400, 'There is no other protocol here.')
  if (url.length > LONGEST_ADDRESS) return refuse(414, 'The address is too long.')
  if (!PLAIN.test(url) || url.includes('..') || url.includes('//')) return refuse(400, 'There is no such address.')
  // another name that leads to loopback is a page elsewhere that had its own name point here (DNS rebinding)
  const host = headers.host?.toLowerCase() ?? ''
  if (!hosts.has(host) || timesGiven(rawHeaders, 'host') !== 1) return refuse(403, 'This host name is not served here.')
  const { origin } = headers
  if (origin !== undefined && (origin !== `http://${host}` || timesGiven(rawHeaders, 'origin') !== 1))
    return refuse(403, 'Pages from elsewhere get nothing.')
  // a browser names the page that posts
  if (method === 'POST' && origin === undefined) return refuse(403, 'Pages from elsewhere get nothing.')
  if (!isOwnPage(headers)) return refuse(403, 'Pages from elsewhere get nothing.')
  return undefined
}

/** Browsers say who asks. A link that is clicked may stand anywhere (a terminal in a browser): a tab of its own opens. */
function isOwnPage(headers: IncomingMessage['headers']): boolean {
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return true
  return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
}

/** Node keeps the first of several. */
const timesGiven = (rawHeaders: readonly string[], name: string): number =>
  rawHeaders.filter((one, i) => i % 2 === 0 && one.toLowerCase() === name).length
