/** Files of the server that sent the page, as the worker opens them. */
import type { PageFile, ServedFile } from '../protocol.ts'

export const servedFiles = (list: readonly ServedFile[]): PageFile[] =>
  list.map((file, i) => ({ ...file, url: new URL(`inputs/${i}`, document.baseURI).href }))
