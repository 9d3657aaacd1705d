/** Exchanges, grouped by what became of them. Rows are fixed in height, and only those in sight are there. */
import { useSignalEffect } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Row } from '../../protocol.ts'
import { compared, marked } from '../compare/comparing.ts'
import { ask, expand, explanation, rowCount, rowsEdition, select, selected } from '../state.ts'

/** Pixels of the line that has the outcome, with what is above and below the text; and of each line of addresses below it. */
const HEAD = 26
const LINE = 18
/** Narrower lists, in pixels, have a line more for the addresses: they are what one looks for. */
const NARROW = 400
/** Rows above and below those in sight. */
const BEYOND = 12
/** Browsers draw nothing beyond some 16 million pixels: of more rows the scroll bar stands for several each. */
const TALLEST = 8_000_000

export const SIGNS = { bad: '✗', good: '✓', look: '!', unsure: '?' } as const

export function List() {
  const box = useRef<HTMLDivElement>(null)
  const [top, setTop] = useState(0)
  const [{ width, height }, setSize] = useState({ width: 460, height: 600 })
  const [rows, setRows] = useState<{ from: number; list: readonly Row[] }>({ from: 0, list: [] })
  const all = rowCount.value
  const edition = rowsEdition.value
  const lines = width < NARROW ? 3 : 2
  const rowHeight = HEAD + lines * LINE
  const tall = Math.min(all * rowHeight, TALLEST)
  // where the bar is shorter than the rows, each of its pixels is several
  const scale = tall > height ? (all * rowHeight - height) / (tall - height) : 1
  const first = Math.max(0, Math.floor((top * scale) / rowHeight) - BEYOND)
  const last = Math.min(all, first + Math.ceil(height / rowHeight) + 2 * BEYOND)

  useEffect(() => {
    const element = box.current!
    const watch = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }))
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
    const at = (place * rowHeight) / scale
    if (at < element.scrollTop) element.scrollTop = at
    else if (at + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = at + rowHeight - element.clientHeight
  })

  const offset = (from: number) => (scale === 1 ? from * rowHeight : top + from * rowHeight - top * scale)
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
      <div style={{ height: `${tall}px`, position: 'relative', '--row': `${rowHeight}px`, '--lines': lines }}>
        {rows.list.map((row, i) => (
          <ListRow key={rows.from + i} row={row} place={rows.from + i} top={offset(rows.from + i)} all={all} />
        ))}
      </div>
    </div>
  )
}

/** An arrow stays on the line of what it leads to. */
const flowOf = ({ protocol, addresses }: Row): string =>
  [protocol, ...addresses.map((one) => one.replace(' ', '\u00a0'))].join(' ')

/** `A`, `B`: of the two that are compared. */
function nameOf({ id, isOne }: Row): 'A' | 'B' | undefined {
  const isIt = (other: Row | undefined) => other?.id === id && other.isOne === isOne
  if (isIt(marked.value?.row)) return 'A'
  return compared.value && isIt(explanation.value?.row) ? 'B' : undefined
}

function ListRow({ row, place, top, all }: { row: Row; place: number; top: number; all: number }) {
  const { mark, word, decided, details, count, exchanges, isOne, isExpanded, time } = row
  const name = nameOf(row)
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
        {name && (
          <>
            <span class="name" title={`${name} of the comparison`}>
              {name}
            </span>{' '}
          </>
        )}
        <b>{word}</b>
        {count > 1 && <span class="count"> ×{count.toLocaleString('en')}</span>} {decided}
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
      <span class="flow">
        <span class="addresses">{flowOf(row)}</span>
        <span class="rest">{[...details, time].map((one) => (one === undefined ? '' : ` · ${one}`))}</span>
      </span>
    </div>
  )
}
