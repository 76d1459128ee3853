using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>PURE: seed → the run and the cluster that a schedule disturbs.</summary>
/// <param name="Spec">The run.</param>
/// <param name="Spares">Nodes more than the run wants.</param>
/// <param name="Lease">Of two halves of a cluster the one that takes a lease goes on, not the one with the oldest node.</param>
/// <param name="SameHost">All nodes are on one machine: the process table proves a death.</param>
/// <param name="Grace">How long the coordinator waits for a replacement, microseconds.</param>
/// <param name="Settle">How long a node must stay before a run under way takes it in, microseconds.</param>
/// <param name="Latency">Longest time of a message on its way, microseconds.</param>
/// <param name="Compute">Longest time of a piece of computing, microseconds.</param>
/// <param name="Storage">Longest time of writing a file, microseconds.</param>
/// <param name="Slow">One in so many messages lies in its mailbox for a while.</param>
/// <param name="NotFinite">Steps whose gradients are not finite.</param>
internal sealed record SimSetup(RunSpec Spec, int Spares, bool Lease, bool SameHost, long Grace, long Settle, long Latency, long Compute, long Storage, int Slow, IReadOnlySet<long> NotFinite)
{
    public bool Partial => Spec.Checkpoint.Mode == CheckpointMode.Partial;

    /// <summary>Whether every state that ever is computed or restored is that of the undisturbed run.</summary>
    public bool IsExact => Spec.IsExact || !Partial;

    public static SimSetup Of(int seed)
    {
        var random = new Random(seed ^ 0x5EED);
        int ranks = 2 + Math.Min(random.Next(3), random.Next(3)), nodes = random.Next(2, ranks + 1), steps = random.Next(4, 9);
        bool partial = random.Next(10) < 3, exact = random.Next(10) < 6;
        var spec = new RunSpec
        {
            RunId = $"sim-{seed}",
            Nodes = nodes,
            Model = new ModelSpec
            {
                Name = "paper",
                Vocabulary = 16,
                Context = 4,
                Layers = 1,
                Hidden = 16,
                Heads = 1,
                KvHeads = 1,
                FeedForward = 16,
                TiedEmbedding = true,
                Moe = new MoeSpec { Experts = partial ? ranks * 2 : ranks, TopK = 1, ExpertHidden = 16 },
            },
            Layout = new LogicalLayout { Ranks = ranks, ExpertParallel = ranks },
            Training = new TrainingSpec { Steps = steps, GlobalBatch = ranks, WarmupSteps = 2, ClipNorm = 0.5, NonFinite = new NonFinitePolicy { StopAfter = 4 } },
            Data = new DataSpec { Paths = ["/data/a.txt"], CorpusHash = "c", TokenizerHash = "t" },
            Checkpoint = new CheckpointSpec
            {
                Mode = partial ? CheckpointMode.Partial : CheckpointMode.Full,
                Interval = random.Next(1, 4),
                Keep = random.Next(1, 4),
                KeepEvery = random.Next(3) == 0 ? 4 : 0,
                Asynchronous = random.Next(4) > 0,
                KSnapshot = random.Next(1, ranks + 1),
                Vault = random.Next(3) == 0 ? VaultUse.On : VaultUse.Auto,
                PltBudget = random.Next(2) == 0 ? 0.01 : 0.9,
            },
            Recovery = new RecoverySpec { Mode = exact ? RecoveryMode.Exact : RecoveryMode.BoundedStale, Copies = random.Next(4) switch { 0 => random.Next(2) * 2, _ => 1 }, StepDeadlineFirst = 40 },
            Evaluation = new EvaluationSpec { Interval = random.Next(3) == 0 ? 2 : 0 },
        };
        spec.Validate();
        var notFinite = new HashSet<long>();
        if (random.Next(4) == 0)
        {
            notFinite.Add(random.Next(steps));
            notFinite.Add(random.Next(steps));
        }

        // Longer than between two hellos: a coordinator that takes over has heard of the nodes that live.
        long grace = random.Next(3) == 0 ? random.Next(800, 1500) : random.Next(2000, 12_000);
        return new SimSetup(
            spec, random.Next(4) == 0 ? 1 : 0, random.Next(2) == 0, random.Next(2) == 0, grace * SimClock.Millisecond, random.Next(20, 400) * SimClock.Millisecond,
            random.Next(200, 4000), random.Next(500, 20_000), random.Next(1000, 200_000), random.Next(2) == 0 ? 40 : 6, notFinite);
    }
}
