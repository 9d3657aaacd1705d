/** Exchanges, grouped by what became of them. Rows are fixed in height, and only those in sight are there. */
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Row } from '../../protocol.ts'
import { marked } from '../compare/comparing.ts'
import { ask, expand, rowCount, rowsEdition, select, selected } from '../state.ts'

/** Pixels; style/list.css has the same. */
export const ROW = 44
/** Rows above and below those in sight. */
const BEYOND = 12
/** Browsers draw nothing beyond some 16 million pixels: of more rows the scroll bar stands for several each. */
const TALLEST = 8_000_000

export const SIGNS = { bad: '✗', good: '✓', look: '!', unsure: '?' } as const

export function List() {
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [height, setHeight] = useState(600)
  const [rows, setRows] = useState<{ from: number; list: readonly Row[] }>({ from: 0, list: [] })
  const all = rowCount.value
  const edition = rowsEdition.value
  const tall = Math.min(all * ROW, TALLEST)
  // where the bar is shorter than the rows, each of its pixels is several
  const scale = tall > height ? (all * ROW - height) / (tall - height) : 1
  const first = Math.max(0, Math.floor((top * scale) / ROW) - BEYOND)
  const last = Math.min(all, first + Math.ceil(height / ROW) + 2 * BEYOND)

  useEffect(() => {
    const element = box.current!
    const watch = new ResizeObserver(() => setHeight(element.clientHeight))
    watch.observe(element)
    return () => watch.disconnect()
  }, [])
  useEffect(() => {
    let current = true
    void ask('rows', { from: first, to: last }).then((list) => current && setRows({ from: first, list }))
    return () => {
      current = false
    }
  }, [first, last, edition])
  useSignalEffect(() => {
    const place = selected.value
    const element = box.current
    if (place === undefined || !element) return
    const at = (place * ROW) / scale
    if (at < element.scrollTop) element.scrollTop = at
    else if (at + ROW > element.scrollTop + element.clientHeight) element.scrollTop = at + ROW - element.clientHeight
  })

  const offset = (from: number) => (scale === 1 ? from * ROW : top + from * ROW - top * scale)
  return (
    <div
      class="list"
      ref={box}
      role="listbox"
      aria-label="Exchanges"
      tabIndex={0}
      aria-activedescendant={selected.value === undefined ? undefined : `row-${selected.value}`}
      onScroll={(event) => setTop(event.currentTarget.scrollTop)}
    >
      <div style={{ height: `${tall}px`, position: 'relative' }}>
        {rows.list.map((row, i) => (
          <ListRow key={rows.from + i} row={row} place={rows.from + i} top={offset(rows.from + i)} all={all} />
        ))}
      </div>
    </div>
  )
}

/** Where there is no room for all, the source is cut first, and a destination's port never. */
function Addresses({ of: [source = '', ...destinations] }: { of: readonly string[] }) {
  return (
    <>
      <span class="source">{source} </span>
      {destinations.map((one) => {
        const [arrow = ''] = /^\S+ /.exec(one) ?? []
        const port = /:[^:\]]+$/.exec(one)?.[0] ?? ''
        return (
          <>
            <span>{arrow}</span>
            {one.length > arrow.length + port.length && (
              <span class="destination">{one.slice(arrow.length, one.length - port.length)}</span>
            )}
            <span class="port">{port} </span>
          </>
        )
      })}
    </>
  )
}

function ListRow({ row, place, top, all }: { row: Row; place: number; top: number; all: number }) {
  const { mark, word, protocol, addresses, decided, details, count, exchanges, isOne, isExpanded, time } = row
  const isSelected = selected.value === place
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: keys.ts has them for the whole page
    // biome-ignore lint/a11y/useFocusableInteractive: the list has the focus, and names the active row
    <div
      id={`row-${place}`}
      class={`row ${mark} ${isOne ? 'one' : ''}`}
      style={{ transform: `translateY(${top}px)` }}
      role="option"
      aria-selected={isSelected}
      aria-setsize={all}
      aria-posinset={place + 1}
      onClick={() => void select(row, place)}
    >
      <span class="mark" aria-hidden="true">
        {SIGNS[mark]}
      </span>
      <span class="what">
        {marked.value?.row.id === row.id && (
          <>
            <span class="name" title="A: the first exchange of the comparison">
              A
            </span>{' '}
          </>
        )}
        <span>
          <b>{word}</b> {protocol}{' '}
        </span>
        <Addresses of={addresses} />
        {count > 1 && <span class="count"> ×{count.toLocaleString('en')}</span>}
      </span>
      {exchanges > 1 && (
        <button
          type="button"
          class="expand"
          tabIndex={-1}
          aria-label={isExpanded ? 'Fold the exchanges' : `Show ${exchanges} exchanges one by one`}
          onClick={(event) => {
            event.stopPropagation()
            void expand(row)
          }}
        >
          {isExpanded ? '▾' : '▸'}
        </button>
      )}
      <span class="rest">{[decided, ...details, time].filter((one) => one !== undefined).join(' · ')}</span>
    </div>
  )
}
