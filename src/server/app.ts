/** What is answered to requests that were not refused: the page, the list of files, and their bytes. */
import { type Context, Hono } from 'hono'
import type { ServedFile } from '../ui/protocol.ts'
import type { ServedInput } from './input.ts'
import { type LiveFeed, LivePages } from './live.ts'
import { type StoreFeed, storeRoutes } from './over-time.ts'
import type { PageContent } from './page-files.ts'
import { isToken } from './token.ts'
import { type WatchFeed, watchRoute } from './watch.ts'

export interface Served {
  token: string
  page: ReadonlyMap<string, PageContent>
  inputs: readonly ServedInput[]
  /** In place of `inputs`. */
  live?: LiveFeed
  /** What a store holds, in place of `inputs`. */
  store?: StoreFeed
  /** In place of `inputs`. */
  watch?: WatchFeed
}

/** Every address begins with the token: without it there is nothing, not even a page. */
export function makeApp({ token, page, inputs, live, store, watch }: Served): Hono {
  const app = new Hono()
  app.use(async (c, next) => {
    const [, first = ''] = c.req.path.split('/', 2)
    if (!isToken(first, token)) return c.text(WRONG_LINK, 403)
    return next()
  })
  // people lose the slash when they copy
  app.get('/:token', (c) => c.redirect(`/${token}/`, 308))
  const served = () => live?.inputs ?? inputs
  app.get('/:token/inputs', async (c) => c.json(await Promise.all(served().map(listed))))
  app.get('/:token/inputs/:number{[0-9]{1,9}}', (c) => sendInput(c, served()[Number(c.req.param('number'))]))
  if (live) serveLive(app, live)
  if (store) app.route('/:token/store', storeRoutes(store))
  if (watch) app.get('/:token/watch', watchRoute(watch))
  app.get('/:token/:path{.*}', (c) => {
    const file = page.get(c.req.param('path'))
    return file ? c.body(file.bytes, 200, { 'content-type': file.type }) : c.text(NOTHING, 404)
  })
  app.notFound((c) => c.text(NOTHING, 404))
  // the system's words may name paths; the page says which file it was
  app.onError((_, c) => c.text('It cannot be read.\n', 500))
  return app
}

function serveLive(app: Hono, feed: LiveFeed): void {
  const pages = new LivePages(feed)
  app.get('/:token/live', (c) =>
    // a HEAD would count as a page that looks on
    c.req.raw.method === 'HEAD'
      ? c.body(null)
      : c.body(pages.stream(), 200, { 'content-type': 'text/event-stream; charset=utf-8' }),
  )
  app.post('/:token/live/stop', (c) => {
    feed.stop()
    return c.body(null, 204)
  })
}

const WRONG_LINK = 'This is not the link that nfwhy serve printed. Copy all of it, from http:// to the last slash.\n'
const NOTHING = 'There is nothing here.\n'

/** A file that is gone is listed all the same: reading it says so. */
export async function listed(input: ServedInput): Promise<ServedFile> {
  const { name, folders, as, edition } = input
  return {
    ...{ name, folders, size: await input.size().catch(() => 0) },
    ...(as === undefined ? {} : { as }),
    ...(edition === undefined ? {} : { edition }),
  }
}

const RANGE = /^bytes=(\d{1,15})-(\d{1,15})$/

/** All of it, or the range that is asked for. */
async function sendInput(c: Context, input: ServedInput | undefined): Promise<Response> {
  const size = await input?.size().catch(() => undefined)
  if (!input || size === undefined) return c.text(NOTHING, 404)
  const range = c.req.header('range')
  const found = range === undefined ? ['', '0', String(size - 1)] : RANGE.exec(range)
  const [from, to] = found ? [Number(found[1]), Math.min(Number(found[2]) + 1, size)] : [size, size]
  if (range !== undefined && from >= to) return c.text('', 416, { 'content-range': `bytes */${size}` })
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-length': String(to - from),
    ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to - 1}/${size}` }),
  }
  const status = range === undefined ? 200 : 206
  if (c.req.raw.method === 'HEAD' || from >= to) return c.body(null, status, headers)
  return c.body(input.read(from, to), status, headers)
}
