using MoeActors.Compute.Checkpoints.Partial;
using MoeActors.Compute.Checkpoints.Sharding;
using MoeActors.Compute.Checkpoints.Storage.ObjectStores;
using MoeActors.Compute.Specs;
using MoeActors.Compute.Tensors;

namespace MoeActors.Host.Configuration;

/// <summary>Reads the sections that make up a run's record.</summary>
internal static class RunSpecReader
{
    /// <summary>The first parts of the keys that belong to the record and are fixed for the run's life.</summary>
    public static IReadOnlyList<string> Sections { get; } = ["model", "layout", "training", "data", "checkpoint", "evaluation"];

    /// <summary>Keys of the record in sections that are else no part of it.</summary>
    private static readonly string[] Single = ["block", "recovery.mode", "recovery.copies", "recovery.integrity", "recovery.step-deadline", "recovery.step-deadline-least", "recovery.step-deadline-first", "recovery.straggler-ratio", "recovery.stragglers"];

    /// <summary>Whether <paramref name="key"/> is part of the record.</summary>
    public static bool IsRecorded(string key) =>
        Single.Contains(key) || (Sections.Contains(key.Split('.')[0]) && !key.StartsWith(ObjectStoreSettings.Section, StringComparison.Ordinal));

    /// <summary>Keys that a run may be given anew when it is made longer.</summary>
    private static readonly string[] WithMoreSteps = ["training.steps", "training.schedule-steps", "training.learning-rate", "training.min-learning-rate", "training.warmup-steps"];

    /// <summary>Whether <paramref name="key"/> may change when a run is made longer.</summary>
    public static bool MayChange(string key) => WithMoreSteps.Contains(key);

    /// <summary>The record with the steps, and the learning-rate schedule of those to come, that <paramref name="given"/> names. Throws <see cref="SettingsException"/> where the run would not become longer.</summary>
    /// <param name="r">The settings.</param>
    /// <param name="recorded">The record.</param>
    /// <param name="given">Keys the user has given a value.</param>
    public static RunSpec Longer(SettingsReader r, RunSpec recorded, IReadOnlyCollection<string> given)
    {
        TrainingSpec old = recorded.Training;
        bool changes = given.Any(k => MayChange(k) && k != "training.steps");
        int steps = given.Contains("training.steps") ? r.Whole("training.steps") : old.Steps;
        if (steps < old.Steps || (steps == old.Steps && changes))
        {
            string key = given.Contains("training.steps") ? "training.steps" : given.First(MayChange);
            throw r.Wrong(key, $"more steps than the {old.Steps} of the run's record: what is recorded stays as it is, and a run can only be made longer (--steps N)");
        }

        if (steps == old.Steps)
        {
            return recorded;
        }

        return recorded with
        {
            Training = old with
            {
                Steps = steps,
                ScheduleSteps = given.Contains("training.schedule-steps") ? ScheduleSteps(r) : old.ScheduleSteps ?? old.Steps,
                LearningRate = given.Contains("training.learning-rate") ? r.Number("training.learning-rate", 0) : old.LearningRate,
                MinLearningRate = given.Contains("training.min-learning-rate") ? r.Number("training.min-learning-rate", 0) : old.MinLearningRate,
                WarmupSteps = given.Contains("training.warmup-steps") ? r.Whole("training.warmup-steps") : old.WarmupSteps,
            },
        };
    }

    /// <summary>Whether <paramref name="key"/> says where something lies whose content the record fixes: it may have moved.</summary>
    public static bool IsPlace(string key) => key is "data.paths" or "data.tokenizer";

    /// <summary>Reads a record, not yet validated.</summary>
    /// <param name="r">The settings.</param>
    /// <param name="runId">Id of the run.</param>
    /// <param name="bfloat16">Whether precision "auto" means bf16.</param>
    public static RunSpec Read(SettingsReader r, string runId, bool bfloat16) => new()
    {
        RunId = runId,
        Nodes = r.Whole("nodes", 0, LogicalLayout.MostRanks),
        Model = ModelReader.Model(r),
        Layout = ModelReader.Layout(r),
        Training = Training(r, bfloat16),
        Data = new DataSpec
        {
            Paths = r.Paths("data.paths"),
            Tokenizer = r.Name("data.tokenizer") == "bytes" ? "bytes" : r.PathOrNull("data.tokenizer")!,
            Binary = r.Switch("data.binary"),
            ValidationShare = r.Number("data.validation-share"),
        },
        Checkpoint = new CheckpointSpec
        {
            Mode = r.Choice("checkpoint.mode", ("full", CheckpointMode.Full), ("partial", CheckpointMode.Partial)),
            Sharding = ShardingModes.Name(ShardingModes.Parse(r.Name("checkpoint.sharding"), "checkpoint.sharding")),
            Mask = PecMask.Parse(r.Name("checkpoint.pec-mask")).ToString(),
            KSnapshot = r.Whole("checkpoint.k-snapshot"),
            KPersist = r.Whole("checkpoint.k-persist"),
            Selection = r.Choice("checkpoint.selection", ("sequential", ExpertChoice.Sequential), ("load-aware", ExpertChoice.LoadAware)),
            PltBudget = r.Number("checkpoint.plt-budget", 0),
            DynamicK = r.Switch("checkpoint.dynamic-k"),
            Vault = r.Choice("checkpoint.vault", ("auto", VaultUse.Auto), ("on", VaultUse.On), ("off", VaultUse.Off)),
            CompleteEvery = r.Whole("checkpoint.complete-every") is var every && every == CheckpointSpec.UsualCompletePeriod ? null : every,
            Asynchronous = r.Switch("checkpoint.asynchronous"),
            Adaptive = r.Switch("checkpoint.adaptive"),
            MtbfMs = Mtbf(r),
            Interval = r.Whole("checkpoint.interval"),
            Keep = r.Whole("checkpoint.keep"),
            KeepEvery = r.Whole("checkpoint.keep-every"),
            Location = Location(r),
        },
        Evaluation = new EvaluationSpec
        {
            Interval = r.Whole("evaluation.interval"),
            MaxSequences = r.Whole("evaluation.max-sequences"),
            FinalMaxSequences = r.Whole("evaluation.final-max-sequences"),
        },
        Recovery = new RecoverySpec
        {
            Mode = r.Choice("recovery.mode", ("exact", RecoveryMode.Exact), ("bounded-stale", RecoveryMode.BoundedStale)),
            Copies = r.Whole("recovery.copies"),
            Integrity = r.Switch("recovery.integrity"),
            StepDeadline = r.Number("recovery.step-deadline"),
            StragglerRatio = r.Number("recovery.straggler-ratio"),
            Stragglers = r.Choice("recovery.stragglers", ("report", StragglerPolicy.Report), ("relieve", StragglerPolicy.Relieve)),
            StepDeadlineLeast = r.Duration("recovery.step-deadline-least").TotalSeconds,
            StepDeadlineFirst = r.Duration("recovery.step-deadline-first").TotalSeconds,
        },
    };

    /// <summary>Kept where a choice reckons with it.</summary>
    private static double? Mtbf(SettingsReader r)
    {
        TimeSpan mtbf = r.Duration("checkpoint.mtbf", TimeSpan.Zero, TimeSpan.FromDays(36_500));
        return mtbf <= TimeSpan.Zero ? throw r.Wrong("checkpoint.mtbf", "a duration above 0, such as 24 h") : r.Switch("checkpoint.adaptive") ? mtbf.TotalMilliseconds : null;
    }

    private static string Location(SettingsReader r)
    {
        string text = r.Text("checkpoint.storage").TrimEnd('/');
        return text.Length == 0 || ObjectLocation.Parse(text) is not null
            ? text
            : throw r.Wrong("checkpoint.storage", "nothing (the run directory) or s3://BUCKET/PREFIX of letters, digits, '-', '_' and '.'");
    }

    private static int? ScheduleSteps(SettingsReader r) => r.Whole("training.schedule-steps") is var steps && steps == 0 ? null : steps;

    private static TrainingSpec Training(SettingsReader r, bool bfloat16) => new()
    {
        Steps = r.Whole("training.steps"),
        ScheduleSteps = ScheduleSteps(r),
        GlobalBatch = r.Whole("training.global-batch"),
        MicroBatches = r.Whole("training.micro-batches"),
        LearningRate = r.Number("training.learning-rate", 0),
        MinLearningRate = r.Number("training.min-learning-rate", 0),
        WarmupSteps = r.Whole("training.warmup-steps"),
        Beta1 = r.Number("training.beta1", 0, 1),
        Beta2 = r.Number("training.beta2", 0, 1),
        Epsilon = r.Number("training.epsilon", 0),
        WeightDecay = r.Number("training.weight-decay", 0),
        ClipNorm = r.Number("training.clip-norm", 0),
        Seed = r.Long("training.seed"),
        Precision = r.Choice("training.precision", ("auto", bfloat16 ? Precision.BFloat16 : Precision.Float32), ("fp32", Precision.Float32), ("bf16", Precision.BFloat16)),
        Matmul = r.Choice("training.matmul", ("auto", Devices.DefaultMatmul()), ("highest", MatmulMode.Highest), ("medium", MatmulMode.Medium)),
        NonFinite = new NonFinitePolicy { StopAfter = r.Whole("training.non-finite.stop-after") },
    };
}
