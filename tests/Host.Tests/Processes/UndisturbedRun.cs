using MoeActors.Host.Tests.Processes.Harness;

namespace MoeActors.Host.Tests.Processes;

/// <summary>The run that nothing happens to, computed once: what every disturbed run of the same length is compared with.</summary>
public sealed class UndisturbedRun : IAsyncLifetime
{
    internal const int Steps = 36;

    /// <summary>Settings that both runs share.</summary>
    internal static readonly string[] Settings = ["checkpoint.interval=4", "checkpoint.keep=20"];

    /// <summary>Training waits for each checkpoint: none is left out, however busy the machine is.</summary>
    internal const string Waiting = "checkpoint.asynchronous=off";

    internal World World { get; } = new();

    internal RunRecord Record { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        MoeProcess run = World.Start(World.Train(Steps, [.. Settings, Waiting]));
        Ended ended = await run.EndedAsync();
        Assert.True(ended.Code == 0, run.Transcript);
        World.NothingIsLeft();
        Record = new RunRecord(World.Run);
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
