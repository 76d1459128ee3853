using System.Text;
using MoeActors.Host.Commands;

namespace MoeActors.Host.Tests.Commands;

/// <summary>Runs command lines in this process. Commands without a handler of their own here record the request they were given.</summary>
internal sealed class Cli
{
    private readonly StringBuilder output = new(), error = new();

    public string Output => output.ToString();

    public string Error => error.ToString();

    public object? Request { get; private set; }

    public Handlers Handlers => Composition.Build(new StringWriter(output), new StringWriter(error)) with
    {
        Train = new Recorder<TrainRequest>(this),
        Resume = new Recorder<ResumeRequest>(this),
        Node = new Recorder<NodeRequest>(this),
        RunStart = new Recorder<RunStartRequest>(this),
        RunResume = new Recorder<RunResumeRequest>(this),
        RunStop = new Recorder<RunControlRequest>(this),
        RunStatus = new Recorder<RunControlRequest>(this),
        FaultInject = new Recorder<FaultInjectRequest>(this),
        FaultStatus = new Recorder<FaultStatusRequest>(this),
        FaultCancel = new Recorder<FaultCancelRequest>(this),
        ChaosRun = new Recorder<ChaosRunRequest>(this),
        Generate = new Recorder<GenerateRequest>(this),
        Diagnose = new Recorder<DiagnoseRequest>(this),
        Bench = new Recorder<BenchRequest>(this),
    };

    public Exception? Throws { get; init; }

    public Task<int> Run(params string[] args) =>
        CommandLineProgram.RunAsync(args, Handlers, new StringWriter(output), new StringWriter(error), TestContext.Current.CancellationToken);

    private sealed class Recorder<T>(Cli cli) : IHandler<T>
    {
        public Task<int> RunAsync(T request, CancellationToken cancel)
        {
            cli.Request = request;
            return cli.Throws is null ? Task.FromResult(ExitCodes.Ok) : Task.FromException<int>(cli.Throws);
        }
    }
}
