using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Plans;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Commands;

/// <summary><c>moe train</c>, parsed and validated.</summary>
/// <param name="Settings">All settings.</param>
/// <param name="Json">Print the report as JSON instead of progress.</param>
internal sealed record TrainRequest(MoeSettings Settings, bool Json)
{
    /// <summary>Run directory, absolute, of the run whose weights it begins with; null = from the seed.</summary>
    public string? From { get; init; }

    /// <summary>Checkpoint of that run; null = the newest sound one.</summary>
    public long? FromStep { get; init; }
}

/// <summary><c>moe resume</c>. The run's record is not read yet: <see cref="Settings"/> merges it with file and flags once it is.</summary>
/// <param name="RunDirectory">Run directory, absolute; exists.</param>
/// <param name="Settings">What to load settings from (<see cref="SettingsLoader.LoadForRun"/>).</param>
/// <param name="Json">Print the report as JSON instead of progress.</param>
internal sealed record ResumeRequest(string RunDirectory, SettingsRequest Settings, bool Json);

/// <summary><c>moe node</c>.</summary>
/// <param name="Settings">All settings; address, port and nodes to join are in <see cref="RuntimeSettings.Cluster"/>.</param>
/// <param name="Supervised">Whether a parent process holds this node's standard input open and the node ends when it closes.</param>
/// <param name="Start">How often the supervisor started this node before.</param>
internal sealed record NodeRequest(MoeSettings Settings, bool Supervised, int Start);

/// <summary><c>moe run start</c>.</summary>
/// <param name="Cluster">A node of the cluster.</param>
/// <param name="Settings">All settings of the run.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record RunStartRequest(NodeAddress Cluster, MoeSettings Settings, bool Json);

/// <summary><c>moe run resume</c>. The run's record is not read yet, as with <see cref="ResumeRequest"/>.</summary>
/// <param name="Cluster">A node of the cluster.</param>
/// <param name="RunDirectory">Run directory, absolute; exists.</param>
/// <param name="Settings">What to load settings from (<see cref="SettingsLoader.LoadForRun"/>).</param>
/// <param name="Json">Print JSON.</param>
internal sealed record RunResumeRequest(NodeAddress Cluster, string RunDirectory, SettingsRequest Settings, bool Json);

/// <summary><c>moe run stop</c> and <c>moe run status</c>.</summary>
/// <param name="Cluster">The cluster.</param>
/// <param name="Watch">Go on until the run ends (status only).</param>
/// <param name="Json">Print JSON.</param>
internal sealed record RunControlRequest(ClusterPlace Cluster, bool Watch, bool Json);

/// <summary><c>moe generate</c>.</summary>
/// <param name="RunDirectory">Run directory, absolute; exists.</param>
/// <param name="Step">Checkpoint; null = the newest.</param>
/// <param name="Settings">Settings; the prompt and sampling are in <see cref="RuntimeSettings.Generation"/>.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record GenerateRequest(string RunDirectory, long? Step, MoeSettings Settings, bool Json);

/// <summary><c>moe gates</c>.</summary>
/// <param name="Json">Print JSON.</param>
internal sealed record GatesRequest(bool Json);

/// <summary>Whose checkpoints a command is about.</summary>
/// <param name="Directory">Run directory, absolute; exists.</param>
/// <param name="ObjectStore">How their object store is reached, where they lie in one.</param>
internal sealed record RunPlace(string Directory, ObjectStoreOptions ObjectStore);

/// <summary><c>moe checkpoint list|verify|show</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Step">Checkpoint; null = all (verify) or the newest (show).</param>
/// <param name="Json">Print JSON.</param>
internal sealed record CheckpointRequest(RunPlace Run, long? Step, bool Json);

/// <summary><c>moe checkpoint diff</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="From">Step of the one checkpoint.</param>
/// <param name="To">Step of the other.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record CheckpointDiffRequest(RunPlace Run, long From, long To, bool Json);

/// <summary><c>moe checkpoint prune</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Keep">Newest checkpoints kept; null = as the run's record says.</param>
/// <param name="DryRun">Say what would go, delete nothing.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record CheckpointPruneRequest(RunPlace Run, int? Keep, bool DryRun, bool Json);

/// <summary><c>moe checkpoint export</c>.</summary>
/// <param name="Run">The run.</param>
/// <param name="Step">Checkpoint; null = the newest.</param>
/// <param name="Output">Folder to write, absolute.</param>
/// <param name="Slot">Slot exported; null = weights where there are any, else master.</param>
/// <param name="MostBytes">Most bytes of tensors in one file.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record CheckpointExportRequest(RunPlace Run, long? Step, string Output, string? Slot, long MostBytes, bool Json);

/// <summary><c>moe plan</c>.</summary>
/// <param name="Settings">All settings.</param>
/// <param name="Checkpoint">The checkpoint to plan too; null = none.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record PlanRequest(MoeSettings Settings, CheckpointPlanRequest? Checkpoint, bool Json);

/// <summary>The checkpoint <c>moe plan --checkpoint</c> shows.</summary>
/// <param name="Mode">Who writes the weights.</param>
/// <param name="Experts">Experts of each MoE layer saved completely, K; as many as there are = a full checkpoint.</param>
/// <param name="Mask">What is left out of the others.</param>
/// <param name="Assumed">What the prediction of its cost assumes.</param>
internal sealed record CheckpointPlanRequest(ShardingMode Mode, int Experts, PecMask Mask, CostAssumptions Assumed);

/// <summary><c>moe tokenizer train</c>.</summary>
/// <param name="Data">Files, folders or globs, absolute.</param>
/// <param name="Vocabulary">Ids wanted.</param>
/// <param name="Output">Folder to write, absolute.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record TokenizerTrainRequest(IReadOnlyList<string> Data, int Vocabulary, string Output, bool Json)
{
    /// <summary>Take the bytes of files that are no text.</summary>
    public bool Binary { get; init; }

    /// <summary>Replace a tokenizer that is there.</summary>
    public bool Force { get; init; }
}

/// <summary><c>moe diagnose</c>.</summary>
/// <param name="RunDirectory">Run directory, absolute; exists.</param>
/// <param name="Output">Archive to write, absolute; null = beside the run directory.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record DiagnoseRequest(string RunDirectory, string? Output, bool Json)
{
    /// <summary>How the archive's name ends.</summary>
    public const string Extension = ".zip";
}

/// <summary><c>moe bench</c>.</summary>
/// <param name="Cases">Names of benchmarks; empty = all.</param>
/// <param name="Runs">Rounds; null = each benchmark's own number.</param>
/// <param name="MiB">Size of the state of benchmarks that have one; null = their own.</param>
/// <param name="Json">Print JSON.</param>
internal sealed record BenchRequest(IReadOnlyList<string> Cases, int? Runs, int? MiB, bool Json)
{
    /// <summary>Of the benchmark of checkpoints, as of the following: the preset it trains; null = its own, as everywhere here.</summary>
    public string? Preset { get; init; }

    /// <summary>Where the comparison of gates draws its picture, a .png; null = nowhere.</summary>
    public string? Picture { get; init; }

    /// <summary>Steps measured in each of its runs.</summary>
    public int? Steps { get; init; }

    /// <summary>Steps between its checkpoints.</summary>
    public int? Interval { get; init; }

    /// <summary>Its arithmetic: auto, fp32 or bf16.</summary>
    public string? Precision { get; init; }

    /// <summary>Folder of its BPE tokenizer, absolute; null = bytes.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Of the comparison of two builds: the other one's clone or program, absolute.</summary>
    public string? Against { get; init; }

    /// <summary>Kills of a node in each build's run.</summary>
    public int? Kills { get; init; }

    /// <summary>What the benchmark of quality is asked for: flags and values as it takes them.</summary>
    public IReadOnlyList<string> Quality { get; init; } = [];
}

/// <summary><c>moe setup</c>.</summary>
/// <param name="Json">Print JSON.</param>
internal sealed record SetupRequest(bool Json);
