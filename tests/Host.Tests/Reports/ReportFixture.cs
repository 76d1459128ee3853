using System.Text.Json;
using MoeActors.Compute.Specs;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Tests.Reports;

/// <summary>A small run with a fault, for the tests of reports.</summary>
internal static class ReportFixture
{
    public static StepLine Step(long step, long epoch = 1, double loss = 2.5, double ms = 100, long tokens = 64) =>
        new() { Step = step, Epoch = epoch, Loss = loss, Tokens = tokens, Ms = ms };

    public static RunInfo Run { get; } = new()
    {
        Id = "a1b2c3",
        Preset = "tiny",
        Config = JsonDocument.Parse("""{"runId":"a1b2c3","training":{"steps":3}}""").RootElement,
        Seed = 7,
        Nodes = 2,
        Ranks = 4,
        Layout = new LogicalLayout { Ranks = 4, ExpertParallel = 2, ThreadsPerRank = 1, ChunkRows = 512 },
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Command = "moe train --nodes 2",
    };

    public static FaultRecord Fault { get; } = new()
    {
        Id = 1,
        Kind = "process-killed",
        Target = "node-2",
        AtStep = 3,
        Injected = true,
        DetectedMs = 31,
        DecidedMs = 70.5,
        FetchedMs = 300,
        RestoredMs = 420,
        RejoinedMs = 2100,
        FirstStepMs = 2400,
        Rung = "checkpoint",
        Reason = "newest complete checkpoint is step 2",
        LostSteps = 1,
        Plt = 0.0125,
        Phase = "update",
        Epoch = 1,
    };

    public static ReportInput Input { get; } = new()
    {
        Run = Run,
        History = StepHistory.Resolve(
        [
            Step(1, loss: 3, ms: 100) with { ExposedCommunicationMs = 20, GradientNorm = 1.5, LearningRate = 0.001 },
            Step(2, loss: 2.75, ms: 150) with { CheckpointStallMs = 50, Dropped = 3, SlowestRank = 2, Losses = new Dictionary<string, double> { ["balance"] = 2.5 }, Load = [[40L, 24L], [30L, 34L]] },
            Step(3, loss: 2.6, ms: 100),
            Step(3, epoch: 2, loss: 2.6, ms: 150) with { ValidationLoss = 2.625, Plt = 0.0125 },
        ]),
        Checkpoints = [new() { Step = 2, Kind = "partial", Bytes = 4000, BytesPerRank = [1000, 1000, 1000, 1000], SnapshotMs = 180, PersistMs = 220, Verified = true }],
        Checkpointing = new(TotalSteps: 3, Interval: 2, Experts: 8, KSnapshot: 2, KPersist: 1, FailedShare: 0.5),
        Faults = [Fault],
        StateHashes = [new(2, "11aa", "22bb")],
        Counts = new(3, 192, 0, new(12, 4, 0, 0), new ReportEvidence { Checkpoint = 2, MissingSteps = 0 }),
        Wall = TimeSpan.FromMilliseconds(1000),
        Outcome = "completed",
        WeightsHash = "cafe",
        StateHash = "f00d",
        Generated = new("ROMEO:", "\nIs <it> so?"),
    };
}
