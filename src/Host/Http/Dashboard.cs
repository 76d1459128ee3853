namespace MoeActors.Host.Http;

/// <summary>The page at <c>/</c>: asks <c>/status</c> every two seconds and shows it. Everything from the run goes in as text, never as markup.</summary>
internal static class Dashboard
{
    public const string Page = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>MoeActors</title>
        <style>
        :root { color-scheme: light dark; --back: #fbfbfa; --card: #fff; --line: #e3e3e0; --text: #1f2328; --soft: #6b7280; --blue: #2563a8; --red: #c22f2f; }
        @media (prefers-color-scheme: dark) { :root { --back: #16181c; --card: #1e2126; --line: #343840; --text: #e4e6ea; --soft: #9aa1ac; --blue: #6aa9ec; --red: #f07070; } }
        body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
        main { max-width: 1000px; margin: 0 auto; padding: 24px 18px; } h1 { font-size: 24px; margin: 0 0 12px; } h1 span { color: var(--soft); font-weight: 400; }
        #bar { height: 8px; border-radius: 4px; background: var(--line); overflow: hidden; } #done { height: 100%; width: 0; background: var(--blue); transition: width .5s; }
        #figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(140px, 1fr)); gap: 10px; margin: 16px 0; }
        #figures div, svg, ul { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; }
        #figures b { display: block; font-size: 19px; font-variant-numeric: tabular-nums; } #figures span { color: var(--soft); font-size: 13px; }
        svg { width: 100%; height: 220px; box-sizing: border-box; display: block; } path { fill: none; stroke: var(--blue); stroke-width: 2; vector-effect: non-scaling-stroke; }
        ul { list-style: none; margin: 12px 0; } li.bad { color: var(--red); } h2 { font-size: 16px; margin: 18px 0 6px; }
        </style></head><body><main>
        <h1 id="title">MoeActors</h1><div id="bar"><div id="done"></div></div><div id="figures"></div>
        <svg viewBox="0 0 1000 200" preserveAspectRatio="none" role="img" aria-label="Recent training loss"><path id="curve"/></svg>
        <h2>Nodes</h2><ul id="nodes"></ul><h2>Events</h2><ul id="events"></ul>
        </main><script>
        const $ = id => document.getElementById(id);
        const add = (parent, tag, text, css) => { const e = document.createElement(tag); e.textContent = text; if (css) e.className = css; parent.append(e); return e; };
        const time = s => s == null ? '–' : s < 60 ? Math.ceil(s) + ' s' : s < 3600 ? Math.floor(s / 60) + ' min' : (s / 3600).toFixed(1) + ' h';
        const span = t => { if (t == null) return null; const m = /^(?:(\d+)\.)?(\d+):(\d+):([\d.]+)$/.exec(t); return m ? (+(m[1] || 0)) * 86400 + m[2] * 3600 + m[3] * 60 + +m[4] : null; };
        function show(s) {
          $('title').textContent = (s.model || 'MoeActors') + ' '; add($('title'), 'span', (s.runId ? 'run ' + s.runId : 'no run') + ' · ' + s.state + (s.health === 'ok' ? '' : ' · ' + s.health));
          const p = s.progress || {}, f = $('figures'); f.replaceChildren();
          $('done').style.width = p.steps ? 100 * p.step / p.steps + '%' : 0;
          const figure = (name, value) => { const d = add(f, 'div', ''); add(d, 'b', value); add(d, 'span', name); };
          figure('step', p.step == null ? '–' : p.step + ' / ' + p.steps); figure('loss', p.loss == null ? '–' : p.loss.toFixed(4));
          figure('validation loss', p.validationLoss == null ? '–' : p.validationLoss.toFixed(4)); figure('tokens/s', p.tokensPerSecond == null ? '–' : Math.round(p.tokensPerSecond).toLocaleString());
          figure('time left', time(span(p.eta))); figure('nodes up', p.nodes == null ? '–' : p.nodesUp + ' / ' + p.nodes);
          figure('checkpoint', p.lastCheckpointStep == null ? '–' : 'step ' + p.lastCheckpointStep); figure('epoch', p.epoch == null ? '–' : p.epoch);
          if (p.plt != null) figure('lost tokens (PLT)', (100 * p.plt).toFixed(2) + ' %');
          const c = (s.curve || []).filter(q => q.loss != null);
          if (c.length > 1) {
            const ys = c.map(q => q.loss), lo = Math.min(...ys), hi = Math.max(...ys), a = c[0].step, b = c[c.length - 1].step;
            $('curve').setAttribute('d', c.map((q, i) => (i ? 'L' : 'M') + (1000 * (q.step - a) / (b - a || 1)).toFixed(1) + ' ' + (190 - 180 * (q.loss - lo) / (hi - lo || 1)).toFixed(1)).join(''));
          }
          $('nodes').replaceChildren(); for (const n of s.nodes || []) add($('nodes'), 'li', n.name + '  pid ' + n.pid);
          $('events').replaceChildren(); for (const e of (s.events || []).slice().reverse()) add($('events'), 'li', new Date(e.at).toLocaleTimeString() + '  ' + e.kind + ': ' + e.message, e.kind === 'fault' ? 'bad' : '');
        }
        async function tick() { try { show(await (await fetch('/status')).json()); } catch { $('title').textContent = 'MoeActors: no answer'; } setTimeout(tick, 2000); }
        tick();
        </script></body></html>
        """;
}
