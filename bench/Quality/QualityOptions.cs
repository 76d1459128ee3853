namespace MoeActors.Bench.Quality;

/// <summary>What the benchmark of quality trains, and what it does to it.</summary>
internal sealed record QualityOptions
{
    /// <summary>Preset that is trained.</summary>
    public string Preset { get; init; } = "small";

    /// <summary>Text to train on, absolute; null = the project's own.</summary>
    public string? Data { get; init; }

    /// <summary>Steps of each run.</summary>
    public int Steps { get; init; } = 2000;

    /// <summary>Steps between checkpoints.</summary>
    public int Interval { get; init; } = 10;

    /// <summary>Steps between two kills.</summary>
    public int FaultEvery { get; init; } = 200;

    /// <summary>K_persist of the runs with faults.</summary>
    public IReadOnlyList<int> K { get; init; } = [1, 2, 4, 8];

    /// <summary>Levels of recovery of the runs with faults: 1, storage alone; 2, snapshots in memory too.</summary>
    public IReadOnlyList<int> Levels { get; init; } = [1, 2];

    /// <summary>Whether there is also a run with Dynamic-K from K = 1.</summary>
    public bool Dynamic { get; init; }

    /// <summary>Seeds of the undisturbed runs; empty = none.</summary>
    public IReadOnlyList<int> Seeds { get; init; } = [1, 2, 3];

    /// <summary>Settings of every run, KEY=VALUE.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Faults of a run that is not undisturbed.</summary>
    public int Faults => (Steps - 1) / FaultEvery;

    /// <summary>The runs with faults, in the order in which they are made.</summary>
    public IReadOnlyList<QualityRun> Disturbed =>
        [.. Dynamic ? [new QualityRun(1, 2, true)] : Array.Empty<QualityRun>(), .. Levels.OrderDescending().SelectMany(l => K.Select(k => new QualityRun(k, l, false)))];

    /// <summary>Throws <see cref="BenchException"/> for what cannot be run.</summary>
    public void Validate()
    {
        if (FaultEvery <= Interval)
        {
            throw new BenchException($"--fault-every {FaultEvery}: more than --interval {Interval}, or no checkpoint would be made between two faults");
        }

        if (Faults < 1)
        {
            throw new BenchException($"--fault-every {FaultEvery}: less than --steps {Steps}, or there would be no fault");
        }

        if (Levels.Any(l => l is not (1 or 2)))
        {
            throw new BenchException("--levels: one, two, or one,two");
        }
    }
}

/// <summary>One run with faults.</summary>
/// <param name="K">K_persist; with two levels K_snapshot is twice that.</param>
/// <param name="Levels">1: what a fault loses comes from storage alone; 2: surviving nodes restore from their own snapshots.</param>
/// <param name="Dynamic">Whether K grows to keep a PLT of 3.75 %.</param>
internal sealed record QualityRun(int K, int Levels, bool Dynamic)
{
    /// <summary>Its name in the table.</summary>
    public string Name => $"K={K}{(Dynamic ? " dynamic" : "")}, {(Levels == 2 ? "two levels" : "one level")}";

    /// <summary>Its settings, KEY=VALUE.</summary>
    /// <param name="experts">N, which K_snapshot never exceeds.</param>
    public IReadOnlyList<string> Settings(int experts) =>
    [
        "checkpoint.mode=partial", $"checkpoint.k-persist={K}", $"checkpoint.k-snapshot={(Levels == 2 ? Math.Min(2 * K, experts) : K)}",
        $"checkpoint.vault={(Levels == 2 ? "on" : "off")}", $"checkpoint.dynamic-k={(Dynamic ? "on" : "off")}", "checkpoint.plt-budget=0.0375",
    ];
}
