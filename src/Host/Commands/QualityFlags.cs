using System.CommandLine;

namespace MoeActors.Host.Commands;

/// <summary>Flags of <c>moe bench plt-quality</c> and <c>moe bench gates</c>; the benchmark itself checks their values.</summary>
internal sealed class QualityFlags
{
    private readonly Option<string?> data = new("--data") { HelpName = "FILE", Description = "plt-quality, gates: text to train on; without it, the project's own." };
    private readonly Option<int?> faultEvery = new("--fault-every") { HelpName = "N", Description = "plt-quality: steps between two kills of a node; without it, 200." };
    private readonly Option<string?> k = new("--k") { HelpName = "K,…", Description = "plt-quality: K_persist of the runs with faults, or none; without it, 1,2,4,8." };
    private readonly Option<string?> levels = new("--levels") { HelpName = "L,…", Description = "plt-quality: one (storage alone), two (snapshots in memory too); without it, both." };
    private readonly Option<bool> dynamic = new("--dynamic") { Description = "plt-quality: also a run with Dynamic-K from K = 1 at 3.75 %." };
    private readonly Option<string?> seeds = new("--seeds") { HelpName = "S,…", Description = "plt-quality: seeds of the undisturbed runs, or none; without it, 1,2,3. The runs with faults take the first, or 1. gates: which, or one number: how many; without it, 3." };
    private readonly Option<string?> gates = new("--gates") { HelpName = "G,…", Description = "gates: which gates (`moe gates`); without it, all." };
    private readonly Option<string[]> settings = new("--set") { HelpName = "KEY=VALUE", Description = "plt-quality, gates: a setting of every run; may be repeated." };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public QualityFlags(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[data, faultEvery, k, levels, dynamic, seeds, gates, settings])
        {
            command.Add(option);
        }
    }

    /// <summary>Those given, as the benchmark's program takes them.</summary>
    public IReadOnlyList<string> Request(ParseResult parsed)
    {
        var given = new List<string>();
        foreach ((string flag, string? value) in (ReadOnlySpan<(string, string?)>)
            [("--data", parsed.GetValue(data) is { } file ? Path.GetFullPath(file) : null), ("--fault-every", parsed.GetValue(faultEvery)?.ToString()), ("--k", parsed.GetValue(k)),
                ("--levels", parsed.GetValue(levels)), ("--seeds", parsed.GetValue(seeds)), ("--gates", parsed.GetValue(gates)), .. (parsed.GetValue(settings) ?? []).Select(s => ("--set", (string?)s))])
        {
            if (value is not null)
            {
                given.Add(flag);
                given.Add(value);
            }
        }

        if (parsed.GetValue(dynamic))
        {
            given.Add("--dynamic");
        }

        return given;
    }
}
