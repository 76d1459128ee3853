using MoeActors.Compute.Models;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Checkpointing;

/// <summary>A way to make checkpoints, for a model of four experts in each of two layers on four ranks in two groups.</summary>
/// <param name="Name">In words.</param>
/// <param name="Checkpoint">Its settings.</param>
/// <param name="InObjectStore">Whether they lie in an object store.</param>
internal sealed record SavingMode(string Name, CheckpointSpec Checkpoint, bool InObjectStore = false)
{
    public const int Experts = 4;

    /// <summary>Both modes, every mask and sharding, one level and two, little and much retention, both places.</summary>
    public static IReadOnlyList<SavingMode> All { get; } =
    [
        new("full, baseline", new CheckpointSpec { Sharding = "baseline", Keep = 2 }),
        new("full, equal, object store", new CheckpointSpec { Keep = 1 }, InObjectStore: true),
        new("w, equal", Partial("w", "equal") with { Keep = 1 }),
        new("o, adaptive, two levels", Partial("o", "adaptive", snapshot: 2)),
        new("wo, baseline, K = 2, two levels", Partial("wo", "baseline", snapshot: 4, persist: 2) with { Keep = 1 }),
        new("eq6, equal, newest alone", Partial("eq6", "equal") with { Keep = 1 }),
        new("eq6, adaptive, two levels, every third kept", Partial("eq6", "adaptive", snapshot: 2) with { KeepEvery = 3 }),
        new("eq6, equal, two levels, object store", Partial("eq6", "equal", snapshot: 2) with { Keep = 1 }, InObjectStore: true),
    ];

    /// <summary>The smallest of them with partial checkpoints whose newest versions lie in old ones.</summary>
    public static SavingMode Newest => All[5];

    /// <summary>The run's record.</summary>
    /// <param name="small">One layer on two ranks, a few hundred parameters each.</param>
    public RunSpec Spec(bool small = false) => new()
    {
        RunId = "run",
        Model = new ModelSpec
        {
            Name = "test",
            Context = 16,
            Layers = small ? 1 : 2,
            Hidden = small ? 8 : 32,
            Heads = 2,
            KvHeads = 2,
            FeedForward = small ? 8 : 64,
            Vocabulary = small ? 16 : 256,
            Moe = new MoeSpec { Experts = Experts, TopK = 2, ExpertHidden = small ? 8 : 64 },
        },
        Layout = small ? new LogicalLayout { Ranks = 2, ExpertParallel = 2, ChunkRows = 16 } : new LogicalLayout { Ranks = 4, ExpertParallel = 2, ChunkRows = 16 },
        Training = new TrainingSpec { Steps = 1000, GlobalBatch = 4, Precision = Precision.BFloat16 },
        Data = new DataSpec { Paths = ["/none"], CorpusHash = "corpus", TokenizerHash = "bytes" },
        Checkpoint = Checkpoint,
        Nodes = 1,
    };

    private static CheckpointSpec Partial(string mask, string sharding, int snapshot = 1, int persist = 1) => new()
    {
        Mode = CheckpointMode.Partial,
        Mask = mask,
        Sharding = sharding,
        KSnapshot = snapshot,
        KPersist = persist,
        Vault = snapshot > persist ? VaultUse.On : VaultUse.Off,
        Keep = 2,
    };
}
