/** Who may ask: only pages of this very server, opened by a link that nobody can guess. */
import { timingSafeEqual } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

/** Characters of a request's path with its query; none of ours has a hundred. */
const LONGEST = 1000

/** What the browser is told with every answer: to load nothing from elsewhere, and to tell nobody where it is. */
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** A path that does not begin with the token is refused before anything is said of what there is. */
export const guarded =
  (token: string, port: () => number): MiddlewareHandler =>
  async (context, next) => {
    const { method, path, url } = context.req
    const refusal =
      method !== 'GET' && method !== 'HEAD'
        ? ([405, 'only GET and HEAD'] as const)
        : url.length > LONGEST
          ? ([414, 'too long'] as const)
          : !isOwnHost(context.req.header('host'), port())
            ? ([403, 'wrong host'] as const)
            : !isOwnOrigin(context.req.header('origin'), port())
              ? ([403, 'wrong origin'] as const)
              : !isToken(path.split('/')[1] ?? '', token)
                ? ([403, 'the link is not the one that nfwhy serve printed'] as const)
                : undefined
    if (refusal) context.res = context.text(`${refusal[1]}\n`, refusal[0])
    else await next()
    for (const [name, value] of Object.entries(HEADERS)) context.res.headers.set(name, value)
  }

/** A site whose name was turned to this address would send its own. */
const isOwnHost = (host: string | undefined, port: number): boolean =>
  host !== undefined && [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`].includes(host)

/** Absent: no page of another site has asked. */
const isOwnOrigin = (origin: string | undefined, port: number): boolean =>
  origin === undefined || (origin.startsWith('http://') && isOwnHost(origin.slice('http://'.length), port))

/** Takes as long for one that is nearly right. */
function isToken(given: string, token: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)]
  return one.length === other.length && timingSafeEqual(one, other)
}
