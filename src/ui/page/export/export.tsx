/** What is listed, as a file that the browser saves. */
import { useEffect, useRef } from 'preact/hooks'
import type { ExportForm } from '../../protocol.ts'
import { ask, doing, facets, filter } from '../state.ts'

const FORMS: readonly { form: ExportForm; words: string; file: string; type: string }[] = [
  { form: 'html', words: 'Report (HTML)', file: 'nfwhy.html', type: 'text/html' },
  { form: 'markdown', words: 'Markdown', file: 'nfwhy.md', type: 'text/markdown' },
  { form: 'json', words: 'JSON', file: 'nfwhy.json', type: 'application/json' },
  { form: 'pcapng', words: 'Wireshark (pcapng)', file: 'nfwhy.pcapng', type: 'application/octet-stream' },
]

/** A page from disk may read nothing beside it, and a report's page lies there. */
const offered = FORMS.filter(({ form }) => form !== 'html' || location.protocol !== 'file:')

export function Export() {
  const menu = useRef<HTMLDetailsElement>(null)
  useEffect(() => {
    const close = ({ target }: Event) => {
      if (menu.current && !menu.current.contains(target as Node)) menu.current.open = false
    }
    const types = ['pointerdown', 'focusin'] as const
    for (const type of types) document.addEventListener(type, close)
    return () => {
      for (const type of types) document.removeEventListener(type, close)
    }
  }, [])
  return (
    <details class="export" ref={menu}>
      <summary class="button">Export</summary>
      <ul>
        {offered.map((one) => (
          <li key={one.form}>
            <button type="button" onClick={(event) => void save(one, event.currentTarget.closest('details')!)}>
              {one.words}
            </button>
          </li>
        ))}
      </ul>
    </details>
  )
}

/** Of the filter and all that narrows the list. */
const save = ({ form, file, type }: (typeof FORMS)[number], menu: HTMLDetailsElement): Promise<void> =>
  doing(`Writing ${file}`, async () => {
    const bytes = await ask('export', { form, filter: filter.value, ...facets.value })
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>], { type }))
    link.download = file
    link.click()
    menu.open = false
    // once the browser has begun to save it
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  })
