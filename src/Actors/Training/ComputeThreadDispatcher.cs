using Akka.Configuration;
using Akka.Dispatch;

namespace MoeActors.Actors.Training;

/// <summary>Akka dispatcher of the compute thread; named in the node's configuration ("moe.compute-thread").</summary>
internal sealed class ComputeThreadConfigurator : MessageDispatcherConfigurator
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
    private readonly ComputeThread thread;

    public ComputeThreadDispatcher(MessageDispatcherConfigurator configurator, string id)
        : base(configurator) => thread = new ComputeThread(id);

    /// <summary>The thread, for who watches it.</summary>
    public ComputeThread Thread => thread;

    protected override void ExecuteTask(IRunnable run) => thread.Post(run);

    protected override void Shutdown() => thread.Stop();
}
