using MoeActors.Compute.Routing.Gates;

namespace MoeActors.Bench.Gates;

/// <summary>What the comparison of gates trains.</summary>
internal sealed record GatesOptions
{
    /// <summary>Settings that a gate takes beside its name, where the presets' are not enough: the smallest that make it what its paper describes.</summary>
    private static readonly Dictionary<string, string[]> Needs = new()
    {
        ["deepseek-v2"] = ["model.moe.groups=4", "model.moe.kept-groups=2", "model.moe.weight-scale=2"],
        ["deepseek-v3"] = ["model.moe.groups=4", "model.moe.kept-groups=2", "model.moe.weight-scale=2.5"],
        ["null-experts"] = ["model.moe.top-k=3", "model.moe.null-experts=4"],
        ["zero-computation"] = ["model.moe.top-k=3", "model.moe.zero-experts=1", "model.moe.copy-experts=1", "model.moe.constant-experts=2"],
    };

    /// <summary>Names of the gates; empty = all.</summary>
    public IReadOnlyList<string> Gates { get; init; } = [];

    /// <summary>Preset that is trained.</summary>
    public string Preset { get; init; } = "small";

    /// <summary>Text to train on, absolute; null = the project's own.</summary>
    public string? Data { get; init; }

    /// <summary>Steps of each run.</summary>
    public int Steps { get; init; } = 500;

    /// <summary>Where a picture of the comparison is drawn, absolute; null = nowhere.</summary>
    public string? Picture { get; init; }

    /// <summary>Seeds of each gate's runs.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Settings of every run, KEY=VALUE; they win over those that a gate takes.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The gates that are trained; throws <see cref="BenchException"/> where one is not there.</summary>
    public IReadOnlyList<string> Chosen
    {
        get
        {
            string[] all = [.. GateCatalogue.All.Select(g => g.Name)];
            return Gates.FirstOrDefault(g => !all.Contains(g)) is { } unknown
                ? throw new BenchException($"--gates {unknown}: no such gate; there are {string.Join(", ", all)}")
                : Gates.Count == 0 ? all : Gates;
        }
    }

    /// <summary>Settings of one gate's runs, KEY=VALUE.</summary>
    public IReadOnlyList<string> SettingsOf(string gate) => [$"model.moe.gate={gate}", .. Needs.GetValueOrDefault(gate, []), .. Settings];

    /// <summary>These options with what was said for the benchmark of quality too, whose flags they share. One seed alone is a number of them.</summary>
    public GatesOptions Shared(Quality.QualityOptions quality, bool seeds) => this with
    {
        Data = quality.Data,
        Settings = quality.Settings,
        Seeds = !seeds ? Seeds : quality.Seeds is [var count] ? [.. Enumerable.Range(1, count)] : quality.Seeds,
    };
}
