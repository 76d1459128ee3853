using MoeActors.Bench.Cases;
using MoeActors.Bench.Checkpoints;
using MoeActors.Bench.Gates;
using MoeActors.Bench.Quality;
using MoeActors.Bench.Versus;

namespace MoeActors.Bench;

/// <summary>The command line: [CASE…] --host DLL [--runs N] [--mib N] [--json], and of the benchmark of checkpoints [--preset NAME] [--steps N] [--interval N] [--precision P] [--tokenizer FOLDER], of that of quality those in <see cref="QualityArguments"/>, of that of gates [--gates A,B] [--picture FILE] and what it shares with quality, and of the comparison of two builds [--against FOLDER] [--kills N].</summary>
/// <param name="Cases">What to measure.</param>
/// <param name="Host">The `moe` program's dll.</param>
/// <param name="Runs">Rounds; null = each benchmark's own number.</param>
/// <param name="MiB">Size of the state; null = each benchmark's own.</param>
/// <param name="Json">Whether to print one JSON object.</param>
internal sealed record Arguments(IReadOnlyList<IBenchCase> Cases, string Host, int? Runs, int? MiB, bool Json)
{
    /// <summary>All benchmarks, in the order of <see cref="CaseNames.All"/>.</summary>
    public static IReadOnlyList<IBenchCase> All { get; } =
    [
        new OptimizerCase(), new SnapshotCopyCase(), new ExchangeCase(), new MoeLayerCase(), new StepCase(), new MemoryCase(), new RecoveryCase(), new StorageCase(), new CopiesCase(), new IntegrityCase(), new CountingCase(), new LinkCase(),
        new CheckpointCase(), new QualityCase(), new GatesCase(), new VersusCase(),
    ];

    /// <summary>What the benchmark of checkpoints trains.</summary>
    public CheckpointOptions Checkpoint { get; init; } = new();

    /// <summary>What the benchmark of quality trains.</summary>
    public QualityOptions Quality { get; init; } = new();

    /// <summary>What the comparison of gates trains.</summary>
    public GatesOptions Gates { get; init; } = new();

    /// <summary>What the comparison of two builds measures.</summary>
    public VersusOptions Versus { get; init; } = new();

    /// <summary>Throws <see cref="BenchException"/> for what it does not know.</summary>
    public static Arguments Parse(string[] args)
    {
        var cases = new List<IBenchCase>();
        string host = "";
        int? runs = null, mib = null;
        bool json = false;
        var checkpoint = new CheckpointOptions();
        var quality = new QualityOptions();
        var versus = new VersusOptions();
        var gates = new GatesOptions();
        bool seeds = false;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--json":
                    json = true;
                    break;
                case "--host" when i + 1 < args.Length:
                    host = args[++i];
                    break;
                case "--runs" when i + 1 < args.Length && int.TryParse(args[i + 1], out int n) && n > 0:
                    (runs, i) = (n, i + 1);
                    break;
                case "--mib" when i + 1 < args.Length && int.TryParse(args[i + 1], out int n) && n > 0:
                    (mib, i) = (n, i + 1);
                    break;
                case "--preset" when i + 1 < args.Length:
                    (checkpoint, quality, gates, versus, i) = (checkpoint with { Preset = args[i + 1] }, quality with { Preset = args[i + 1] }, gates with { Preset = args[i + 1] }, versus with { Preset = args[i + 1] }, i + 1);
                    break;
                case "--steps" when i + 1 < args.Length && int.TryParse(args[i + 1], out int n):
                    (checkpoint, quality, gates, versus, i) = (checkpoint with { Steps = n }, quality with { Steps = n }, gates with { Steps = n }, versus with { Steps = n }, i + 1);
                    break;
                case "--interval" when i + 1 < args.Length && int.TryParse(args[i + 1], out int n):
                    (checkpoint, quality, i) = (checkpoint with { Interval = n }, quality with { Interval = n }, i + 1);
                    break;
                case "--precision" when i + 1 < args.Length:
                    checkpoint = checkpoint with { Precision = args[++i] };
                    break;
                case "--tokenizer" when i + 1 < args.Length:
                    checkpoint = checkpoint with { Tokenizer = args[++i] };
                    break;
                case "--against" when i + 1 < args.Length:
                    versus = versus with { Against = args[++i] };
                    break;
                case "--kills" when i + 1 < args.Length && int.TryParse(args[i + 1], out int n) && n >= 0:
                    (versus, i) = (versus with { Kills = n }, i + 1);
                    break;
                case "--gates" when i + 1 < args.Length:
                    gates = gates with { Gates = args[++i].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
                    break;
                case "--picture" when i + 1 < args.Length:
                    gates = gates with { Picture = args[++i] };
                    break;
                case "--dynamic":
                    quality = quality with { Dynamic = true };
                    break;
                case "--data" or "--fault-every" or "--k" or "--levels" or "--seeds" or "--set" when i + 1 < args.Length:
                    seeds |= args[i] == "--seeds";
                    (quality, i) = (QualityArguments.With(quality, args[i], args[i + 1]), i + 1);
                    break;
                default:
                    cases.Add(All.FirstOrDefault(c => c.Name == args[i])
                        ?? throw new BenchException($"{args[i]}: no such benchmark; there are {string.Join(", ", All.Select(c => c.Name))}"));
                    break;
            }
        }

        return new Arguments(cases.Count == 0 ? [.. All.Where(c => !CaseNames.OnlyAsked.Contains(c.Name))] : cases, host, runs, mib, json) { Checkpoint = checkpoint, Quality = quality, Gates = gates.Shared(quality, seeds), Versus = versus };
    }
}
