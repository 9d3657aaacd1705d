/** The exchanges behind a bar. */
import { behind, chosen, explain, explained, shown } from './asking.ts'
import { lasting, moment } from './moments.ts'

export function BehindBar() {
  const [bar, found, all] = [chosen.value, behind.value, shown.value]
  if (!bar || !found || !all) return null
  const { exchanges } = found
  const when =
    bar.bar === undefined
      ? ''
      : `, ${moment(all.span.from + bar.bar * all.width)} and the ${lasting(all.width)} from then on`
  return (
    <section>
      <h2>
        {bar.name}
        {when}
      </h2>
      <table class="behind">
        <thead>
          <tr>
            <th>time</th>
            <th>host</th>
            <th>exchange</th>
            <th>outcome</th>
            <th>rule</th>
          </tr>
        </thead>
        <tbody>
          {exchanges.map(({ key, time, host, flow, status, rule }) => (
            <tr key={key} class={explained.value?.exchange.key === key ? 'chosen' : ''}>
              <td>{moment(time)}</td>
              <td>{host ?? ''}</td>
              <td>
                <button type="button" class="plain" onClick={() => void explain(key)}>
                  {flow}
                </button>
              </td>
              <td>{status}</td>
              <td>{rule ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {found.all > exchanges.length && (
        <p class="hint">
          The latest {exchanges.length} of {found.all.toLocaleString('en')}.
        </p>
      )}
    </section>
  )
}
