namespace MoeActors.Host.Reports.Html;

/// <summary>The page's style sheet.</summary>
internal static class PageStyle
{
    public const string Css = """

        :root { color-scheme: light dark; --back: #fbfbfa; --card: #ffffff; --line: #e3e3e0; --text: #1f2328; --soft: #6b7280; --blue: #2563a8; --pale: #a9c6e4; --orange: #c2600a; --red: #c22f2f; --green: #2f7d4f; }
        @media (prefers-color-scheme: dark) { :root { --back: #16181c; --card: #1e2126; --line: #343840; --text: #e4e6ea; --soft: #9aa1ac; --blue: #6aa9ec; --pale: #3f5f80; --orange: #f0a04b; --red: #f07070; --green: #6cc492; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
        main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 60px; }
        h1 { font-size: 26px; margin: 0 0 6px; } h2 { font-size: 18px; margin: 34px 0 10px; } p { margin: 4px 0; }
        code, pre { font: 13px/1.45 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
        .soft { color: var(--soft); font-weight: normal; }
        .badge { padding: 2px 10px; border-radius: 999px; font-weight: 600; border: 1px solid currentColor; }
        .good { color: var(--green); } .bad { color: var(--red); } .neutral { color: var(--orange); }
        .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(160px, 1fr)); gap: 10px; margin: 20px 0; }
        .figures div { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; }
        .figures b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; } .figures span { color: var(--soft); font-size: 13px; }
        .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
        table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 14px; }
        th, td { padding: 6px 12px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
        th { color: var(--soft); font-weight: 600; } tr:last-child td { border-bottom: 0; } .left { text-align: left; } .wrap { white-space: normal; min-width: 200px; }
        .faults th, .faults td { padding: 6px 8px; white-space: normal; } .faults td { overflow-wrap: anywhere; } .faults td:nth-child(3), .faults td:nth-child(n+5) { white-space: nowrap; } .faults .with td { border-bottom: 0; padding-bottom: 0; }
        pre { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 12px 14px; margin: 0; white-space: pre-wrap; }
        details { margin-top: 12px; } summary { cursor: pointer; color: var(--soft); }
        svg { width: 100%; height: auto; display: block; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
        svg text { font: 13px system-ui, "DejaVu Sans", sans-serif; fill: var(--soft); } svg .title { fill: var(--text); font-weight: 600; }
        .grid { stroke: var(--line); } .raw { fill: none; stroke: var(--pale); stroke-width: 1; } .curve { fill: none; stroke: var(--blue); stroke-width: 2; stroke-linejoin: round; }
        .point { fill: var(--orange); } .fault { stroke: var(--red); stroke-width: 1.5; stroke-dasharray: 5 3; } .checkpoint { fill: var(--green); }
        svg .fault-name { fill: var(--red); font-size: 12px; }

        """;
}
