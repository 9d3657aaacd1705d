/** What is answered to requests that were not refused: the page, the list of files, and their bytes. */
import { type Context, Hono } from 'hono'
import type { ServedFile } from '../ui/protocol.ts'
import type { ServedInput } from './input.ts'
import type { PageContent } from './page-files.ts'
import { isToken } from './token.ts'

export interface Served {
  token: string
  page: ReadonlyMap<string, PageContent>
  inputs: readonly ServedInput[]
}

/** Every address begins with the token: without it there is nothing, not even a page. */
export function makeApp({ token, page, inputs }: Served): Hono {
  const app = new Hono()
  app.use(async (c, next) => {
    const [, first = ''] = c.req.path.split('/', 2)
    if (!isToken(first, token)) return c.text(WRONG_LINK, 403)
    return next()
  })
  // people lose the slash when they copy
  app.get('/:token', (c) => c.redirect(`/${token}/`, 308))
  app.get('/:token/inputs', async (c) => c.json(await Promise.all(inputs.map(listed))))
  app.get('/:token/inputs/:number{[0-9]{1,9}}', (c) => sendInput(c, inputs[Number(c.req.param('number'))]))
  app.get('/:token/:path{.*}', (c) => {
    const file = page.get(c.req.param('path'))
    return file ? c.body(file.bytes, 200, { 'content-type': file.type }) : c.text(NOTHING, 404)
  })
  app.notFound((c) => c.text(NOTHING, 404))
  // the system's words may name paths; the page says which file it was
  app.onError((_, c) => c.text('It cannot be read.\n', 500))
  return app
}

const WRONG_LINK = 'This is not the link that nfwhy serve printed. Copy all of it, from http:// to the last slash.\n'
const NOTHING = 'There is nothing here.\n'

/** A file that is gone is listed all the same: reading it says so. */
async function listed({ name, folders, as, size }: ServedInput): Promise<ServedFile> {
  return { name, folders, ...(as === undefined ? {} : { as }), size: await size().catch(() => 0) }
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
