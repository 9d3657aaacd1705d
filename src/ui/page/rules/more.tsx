/** A list that shows its first entries, and more of them when asked: ten thousand rules at once would take seconds. */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

interface Props<T> {
  of: readonly T[]
  what: string
  each: (one: T, i: number) => ComponentChildren
  /** How many more at a time. */
  step?: number
  /** The entry to go to. */
  at?: number
}

export function More<T>({ of, what, each, step = 200, at = 0 }: Props<T>) {
  const list = useRef<HTMLOListElement>(null)
  // long lists begin a little before the entry that is meant
  const first = at < step ? 0 : at - 20
  const [from, setFrom] = useState(first)
  const [to, setTo] = useState(first + step)
  useEffect(() => {
    setFrom(first)
    setTo(first + step)
  }, [first, step])
  useEffect(() => {
    if (at > 0) list.current?.querySelector('.meant')?.scrollIntoView({ block: 'center' })
  }, [at])
  if (of.length === 0) return null
  return (
    <>
      {from > 0 && (
        <button type="button" class="more" onClick={() => setFrom(Math.max(0, from - step))}>
          Show {Math.min(step, from).toLocaleString('en')} {what} before
        </button>
      )}
      <ol class="more-list" ref={list}>
        {of.slice(from, to).map((one, i) => each(one, from + i))}
      </ol>
      {to < of.length && (
        <button type="button" class="more" onClick={() => setTo(to + step)}>
          Show {Math.min(step, of.length - to).toLocaleString('en')} more of {of.length.toLocaleString('en')} {what}
        </button>
      )}
    </>
  )
}
