using Akka.Configuration;
using Akka.Dispatch;

namespace MoeActors.Actors.Training;

/// <summary>Akka dispatcher of the compute lane; named in the node's configuration ("moe.compute-lane").</summary>
public sealed class ComputeLaneConfigurator : MessageDispatcherConfigurator
{
    private readonly ComputeLaneDispatcher dispatcher;

    /// <summary>Creates the configurator; Akka calls it.</summary>
    public ComputeLaneConfigurator(Config config, IDispatcherPrerequisites prerequisites)
        : base(config, prerequisites) =>
        dispatcher = new ComputeLaneDispatcher(this, config.GetString("id"));

    /// <inheritdoc/>
    public override MessageDispatcher Dispatcher() => dispatcher;
}

/// <summary>Dispatcher that runs its actors' mailboxes on one <see cref="ComputeLane"/>.</summary>
internal sealed class ComputeLaneDispatcher : MessageDispatcher
{
    private readonly ComputeLane lane;

    public ComputeLaneDispatcher(MessageDispatcherConfigurator configurator, string id)
        : base(configurator) => lane = new ComputeLane(id);

    /// <summary>The lane, for who watches it.</summary>
    public ComputeLane Lane => lane;

    protected override void ExecuteTask(IRunnable run) => lane.Post(run);

    protected override void Shutdown() => lane.Stop();
}
