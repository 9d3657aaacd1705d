/** The HTTP face of `nfwhy serve`: the built page, and the files that it is to open. Nothing is taken in, or changed. */
import { createReadStream, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { Hono } from 'hono'
import { guarded } from './guard.ts'
import { rangeOf } from './range.ts'

/** A file that the page opens, and reads as often as it wants. */
export interface ServedFile {
  name: string
  /** The folders that it was found in, from the one that was named on. */
  folders: readonly string[]
  /** Its format, where the person has said what it is. */
  as?: string
  /** Where it is, or what was read of standard input. */
  content: { path: string; size: number } | { bytes: Uint8Array<ArrayBuffer> }
}

export interface Served {
  /** The link has it: whoever does not know it is refused. */
  token: string
  /** The folder of the built page. */
  page: string
  files: readonly ServedFile[]
  /** Which port it came to be; known once it listens. */
  port(): number
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}
/** The built page has no others, and no path has `..` or begins anew. */
const OWN_FILE = /^(?:[\w-]+\.(?:html|js|css)|later\/[\w-]+\.js)$/

export function serverApp({ token, page, files, port }: Served): Hono {
  const app = new Hono()
  app.use(guarded(token, port))
  const base = `/${token}`
  app.get(`${base}/inputs`, (context) =>
    context.json(
      files.map(({ name, folders, as, content }) => ({
        ...{ name, folders, ...(as === undefined ? {} : { as }) },
        size: 'bytes' in content ? content.bytes.length : content.size,
      })),
    ),
  )
  app.get(`${base}/inputs/:number{[0-9]{1,6}}`, (context) => {
    const content = files[Number(context.req.param('number'))]?.content
    if (!content) return context.notFound()
    const size = 'bytes' in content ? content.bytes.length : content.size
    const range = rangeOf(context.req.header('range'), size)
    const { first, last } = range ?? { first: 0, last: size - 1 }
    const headers = {
      'Content-Type': 'application/octet-stream',
      'Content-Length': String(last - first + 1),
      'Accept-Ranges': 'bytes',
      ...(range ? { 'Content-Range': `bytes ${first}-${last}/${size}` } : {}),
    }
    return new Response(size === 0 ? null : partOf(content, first, last), { status: range ? 206 : 200, headers })
  })
  app.get(`${base}/:file{.*}`, (context) => {
    const name = context.req.param('file') || 'index.html'
    if (!OWN_FILE.test(name)) return context.notFound()
    const bytes = readOwn(join(page, name))
    if (!bytes) return context.notFound()
    const told = name === 'index.html' ? markServed(bytes) : bytes
    return context.body(told, 200, { 'Content-Type': TYPES[extname(name)]! })
  })
  app.notFound((context) => context.text('there is nothing here\n', 404))
  app.onError((_, context) => context.text('nfwhy could not read this\n', 500))
  return app
}

function partOf(
  content: ServedFile['content'],
  first: number,
  last: number,
): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> {
  if ('bytes' in content) return content.bytes.slice(first, last + 1)
  return Readable.toWeb(createReadStream(content.path, { start: first, end: last })) as ReadableStream<
    Uint8Array<ArrayBuffer>
  >
}

function readOwn(path: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return new Uint8Array(readFileSync(path))
  } catch {
    return undefined
  }
}

/** So that the page asks for files, which it never does where no server of nfwhy's has sent it. The header has the policy. */
const markServed = (html: Uint8Array): string =>
  new TextDecoder()
    .decode(html)
    .replace(/<meta http-equiv="Content-Security-Policy"[^>]*>\n?/, '')
    .replace('<div id="page">', '<div id="page" data-served>')
