namespace MoeActors.Host.Commands;

/// <summary>Carries out one command. Returns an exit code (<see cref="ExitCodes"/>); throws what <see cref="Failures"/> explains.</summary>
/// <typeparam name="TRequest">The parsed command.</typeparam>
internal interface IHandler<in TRequest>
{
    /// <summary>Runs the command.</summary>
    /// <param name="request">The parsed command.</param>
    /// <param name="cancel">Cancelled by the first Ctrl-C or SIGTERM: stop in order.</param>
    Task<int> RunAsync(TRequest request, CancellationToken cancel);
}

/// <summary>Which class carries out which command: the composition of the program.</summary>
internal sealed record Handlers
{
    /// <summary>moe train.</summary>
    public required IHandler<TrainRequest> Train { get; init; }

    /// <summary>moe resume.</summary>
    public required IHandler<ResumeRequest> Resume { get; init; }

    /// <summary>moe node.</summary>
    public required IHandler<NodeRequest> Node { get; init; }

    /// <summary>moe run start.</summary>
    public required IHandler<RunStartRequest> RunStart { get; init; }

    /// <summary>moe run resume.</summary>
    public required IHandler<RunResumeRequest> RunResume { get; init; }

    /// <summary>moe run stop.</summary>
    public required IHandler<RunControlRequest> RunStop { get; init; }

    /// <summary>moe run status.</summary>
    public required IHandler<RunControlRequest> RunStatus { get; init; }

    /// <summary>moe fault list.</summary>
    public required IHandler<FaultListRequest> FaultList { get; init; }

    /// <summary>moe fault inject.</summary>
    public required IHandler<FaultInjectRequest> FaultInject { get; init; }

    /// <summary>moe fault status.</summary>
    public required IHandler<FaultStatusRequest> FaultStatus { get; init; }

    /// <summary>moe fault cancel.</summary>
    public required IHandler<FaultCancelRequest> FaultCancel { get; init; }

    /// <summary>moe chaos run.</summary>
    public required IHandler<ChaosRunRequest> ChaosRun { get; init; }

    /// <summary>moe generate.</summary>
    public required IHandler<GenerateRequest> Generate { get; init; }

    /// <summary>moe checkpoint list.</summary>
    public required IHandler<CheckpointRequest> CheckpointList { get; init; }

    /// <summary>moe checkpoint verify.</summary>
    public required IHandler<CheckpointRequest> CheckpointVerify { get; init; }

    /// <summary>moe checkpoint show.</summary>
    public required IHandler<CheckpointRequest> CheckpointShow { get; init; }

    /// <summary>moe checkpoint diff.</summary>
    public required IHandler<CheckpointDiffRequest> CheckpointDiff { get; init; }

    /// <summary>moe checkpoint prune.</summary>
    public required IHandler<CheckpointPruneRequest> CheckpointPrune { get; init; }

    /// <summary>moe checkpoint export.</summary>
    public required IHandler<CheckpointExportRequest> CheckpointExport { get; init; }

    /// <summary>moe gates.</summary>
    public required IHandler<GatesRequest> Gates { get; init; }

    /// <summary>moe plan.</summary>
    public required IHandler<PlanRequest> Plan { get; init; }

    /// <summary>moe tokenizer train.</summary>
    public required IHandler<TokenizerTrainRequest> TokenizerTrain { get; init; }

    /// <summary>moe diagnose.</summary>
    public required IHandler<DiagnoseRequest> Diagnose { get; init; }

    /// <summary>moe bench.</summary>
    public required IHandler<BenchRequest> Bench { get; init; }

    /// <summary>moe setup.</summary>
    public required IHandler<SetupRequest> Setup { get; init; }
}
