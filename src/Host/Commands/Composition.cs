namespace MoeActors.Host.Commands;

/// <summary>Puts the program together: which handler carries out which command.</summary>
internal static class Composition
{
    /// <summary>The handlers of the program.</summary>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress and failures.</param>
    public static Handlers Build(TextWriter output, TextWriter error) => new()
    {
        Train = new Absent<TrainRequest>("train"),
        Resume = new Absent<ResumeRequest>("resume"),
        Node = new Absent<NodeRequest>("node"),
        RunStart = new Absent<RunStartRequest>("run start"),
        RunStop = new Absent<RunControlRequest>("run stop"),
        RunStatus = new Absent<RunControlRequest>("run status"),
        Generate = new Absent<GenerateRequest>("generate"),
        CheckpointList = new CheckpointListHandler(output),
        CheckpointVerify = new CheckpointVerifyHandler(output),
        CheckpointShow = new CheckpointShowHandler(output),
        Plan = new PlanHandler(output),
        TokenizerTrain = new TokenizerTrainHandler(output, error),
        Diagnose = new Absent<DiagnoseRequest>("diagnose"),
        Bench = new Absent<BenchRequest>("bench"),
        Setup = new SetupHandler(output),
    };
}
