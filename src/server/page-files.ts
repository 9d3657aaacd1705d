/** The built page, as it is handed out. */
import { extname } from 'node:path'

export interface PageContent {
  type: string
  bytes: Uint8Array<ArrayBuffer>
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}
const INDEX = 'index.html'
/** For a page from disk alone. */
const FROM_DISK = 'worker-text.js'
const CHARSET = '<meta charset="utf-8">'
/** Tells the page that files are handed to it, that it follows a trace, or shows what a store holds or a watch counts. */
const SERVED = {
  files: '<meta name="nfwhy-served" content="files">',
  live: '<meta name="nfwhy-served" content="live">',
  store: '<meta name="nfwhy-served" content="store">',
  watch: '<meta name="nfwhy-served" content="watch">',
}

/** `built`: dist/page. By their paths below the page's own address; '' is the page. No request names a file on disk. */
export function pageFiles(
  built: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  of: keyof typeof SERVED,
): ReadonlyMap<string, PageContent> {
  const files = new Map<string, PageContent>()
  for (const [name, bytes] of built) {
    const type = TYPES[extname(name)]
    if (type === undefined || name === FROM_DISK) continue
    if (name === INDEX) files.set('', { type, bytes: served(new TextDecoder().decode(bytes), of) })
    else files.set(name, { type, bytes })
  }
  return files
}

function served(html: string, of: keyof typeof SERVED): Uint8Array<ArrayBuffer> {
  if (!html.includes(CHARSET)) throw new Error(`${INDEX} has no ${CHARSET}`)
  return new TextEncoder().encode(html.replace(CHARSET, `${CHARSET}\n${SERVED[of]}`))
}
