using System.Runtime.CompilerServices;

namespace MoeActors.Actors.Tests;

/// <summary>
/// What a node process does at its start (cluster.minimum-threads): with the pool's own two threads on two cores, blocked tests starve the
/// heartbeats of clusters that run beside them, and healthy nodes are declared unreachable.
/// </summary>
internal static class PoolSettings
{
    [ModuleInitializer]
    internal static void Apply() => ThreadPool.SetMinThreads(32, 32);
}
