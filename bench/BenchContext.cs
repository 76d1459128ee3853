using MoeActors.Bench.Checkpoints;
using MoeActors.Bench.Gates;
using MoeActors.Bench.Quality;
using MoeActors.Bench.Report;
using MoeActors.Bench.Versus;

namespace MoeActors.Bench;

/// <summary>What a benchmark gets.</summary>
/// <param name="Host">The `moe` program's dll.</param>
/// <param name="Runs">Rounds asked for; null = the benchmark's own number.</param>
/// <param name="MiB">Size of the state asked for; null = the benchmark's own.</param>
/// <param name="Folder">Folder for run directories and sockets, removed at the end.</param>
/// <param name="Say">Progress, to standard error.</param>
internal sealed record BenchContext(string Host, int? Runs, int? MiB, string Folder, Action<string> Say)
{
    /// <summary>What the benchmark of checkpoints trains.</summary>
    public CheckpointOptions Checkpoint { get; init; } = new();

    /// <summary>What the benchmark of quality trains.</summary>
    public QualityOptions Quality { get; init; } = new();

    /// <summary>What the comparison of gates trains.</summary>
    public GatesOptions Gates { get; init; } = new();

    /// <summary>What the comparison of two builds measures.</summary>
    public VersusOptions Versus { get; init; } = new();

    /// <summary>A fresh folder below <see cref="Folder"/>; short, because socket paths are.</summary>
    public string NewFolder() => Directory.CreateDirectory(Path.Combine(Folder, Guid.NewGuid().ToString("N")[..6])).FullName;
}

/// <summary>One benchmark.</summary>
internal interface IBenchCase
{
    /// <summary>Its name on the command line.</summary>
    string Name { get; }

    /// <summary>Measures.</summary>
    Task<IReadOnlyList<BenchRow>> RunAsync(BenchContext context, CancellationToken cancel);
}

/// <summary>A benchmark that cannot run here; one sentence with the remedy.</summary>
internal sealed class BenchException(string message) : Exception(message);
