using Akka.Configuration;
using Akka.Dispatch;

namespace MoeActors.Actors.Training;

/// <summary>Akka dispatcher of the compute lane; named in the node's configuration ("moe.compute-lane").</summary>
public sealed class ComputeThreadConfigurator : MessageDispatcherConfigurator
{
    private readonly ComputeThreadDispatcher dispatcher;

    /// <summary>Creates the configurator; Akka calls it.</summary>
    public ComputeThreadConfigurator(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites) =>
        dispatcher = new ComputeThreadDispatcher(this, config.GetString("id"));

    /// <inheritdoc/>
    public override MessageDispatcher Dispatcher() => dispatcher;
}

/// <summary>Dispatcher that runs its actors' mailboxes on one <see cref="ComputeThread"/>.</summary>
internal sealed class ComputeThreadDispatcher : MessageDispatcher
{
    private readonly ComputeThread lane;

    public ComputeThreadDispatcher(MessageDispatcherConfigurator configurator, string id)
        : base(configurator) => lane = new ComputeThread(id);

    /// <summary>The lane, for who watches it.</summary>
    public ComputeThread Lane => lane;

    protected override void ExecuteTask(IRunnable run) => lane.Post(run);

    protected override void Shutdown() => lane.Stop();
}
