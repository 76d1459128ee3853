using MoeActors.Host.Benchmarks;
using MoeActors.Host.Chaos;
using MoeActors.Host.Commands;
using MoeActors.Host.Nodes;
using MoeActors.Host.Runs;

namespace MoeActors.Host;

/// <summary>Puts the program together: which handler carries out which command.</summary>
internal static class Composition
{
    /// <summary>The handlers of the program.</summary>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress and failures.</param>
    public static Handlers Build(TextWriter output, TextWriter error) => new()
    {
        Train = new TrainHandler(output, error),
        Resume = new ResumeHandler(output, error),
        Node = new NodeHandler(output, error, (folder, time) => new RunRecorder(folder, time)),
        RunStart = new RunStartHandler(output),
        RunResume = new RunResumeHandler(output),
        RunStop = new RunStopHandler(output),
        RunStatus = new RunStatusHandler(output),
        FaultList = new FaultListHandler(output),
        FaultInject = new FaultInjectHandler(output),
        FaultStatus = new FaultStatusHandler(output),
        FaultCancel = new FaultCancelHandler(output),
        ChaosRun = new ChaosRunHandler(output, error),
        Generate = new GenerateHandler(output, error),
        CheckpointList = new CheckpointListHandler(output),
        CheckpointVerify = new CheckpointVerifyHandler(output),
        CheckpointShow = new CheckpointShowHandler(output),
        CheckpointDiff = new CheckpointDiffHandler(output),
        CheckpointPrune = new CheckpointPruneHandler(output),
        CheckpointExport = new CheckpointExportHandler(output, error),
        Gates = new GatesHandler(output),
        Plan = new PlanHandler(output),
        TokenizerTrain = new TokenizerTrainHandler(output, error),
        Diagnose = new DiagnoseHandler(output),
        Bench = new BenchHandler(error),
        Setup = new SetupHandler(output),
    };
}
