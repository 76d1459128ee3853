namespace MoeActors.Bench.Checkpoints;

/// <summary>What the benchmark of checkpoints trains, and for how long; null = its own choice.</summary>
internal sealed record CheckpointOptions
{
    /// <summary>Steps measured and steps between two checkpoints, unless asked for otherwise: three checkpoints, one round of all variants of the default preset within minutes.</summary>
    private const int DefaultSteps = 14, DefaultInterval = 4;

    /// <summary>Preset whose model is trained.</summary>
    public string Preset { get; init; } = "gpt-125m-8e";

    /// <summary>Steps measured in each run; null = enough for three checkpoints.</summary>
    public int? Steps { get; init; }

    /// <summary>Steps between checkpoints, 2 or more: the stall of one is reported with the two steps after it.</summary>
    public int Interval { get; init; } = DefaultInterval;

    /// <summary>auto, fp32 or bf16.</summary>
    public string Precision { get; init; } = "auto";

    /// <summary>Folder of a BPE tokenizer, absolute; null = bytes, and a vocabulary of 256.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Steps measured in a run with checkpoints.</summary>
    public int MeasuredSteps => Steps ?? Math.Max(DefaultSteps, (3 * Interval) + 2);

    /// <summary>Throws <see cref="BenchException"/> where no checkpoint could be measured.</summary>
    public void Validate()
    {
        if (Interval < 2)
        {
            throw new BenchException($"--interval {Interval}: at least 2, as the stall of a checkpoint is reported with the two steps after it");
        }

        if (MeasuredSteps < (2 * Interval) + 2)
        {
            throw new BenchException(
                $"--steps {MeasuredSteps}: at least {(2 * Interval) + 2} with --interval {Interval}: the first checkpoint is left out, and the second needs two steps behind it");
        }
    }
}
