using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Tests.Clusters;

/// <summary>A cluster of two nodes that trains one run after the other.</summary>
public sealed class TwoNodes : IAsyncLifetime
{
    private int runs;

    internal TestCluster Cluster { get; } = new();

    public async ValueTask InitializeAsync() => await Cluster.AddNodesAsync(2);

    /// <summary>Trains a run of its own id in a folder of its own.</summary>
    internal Task<string> TrainAsync(RunSpec spec) => Cluster.TrainAsync(spec, runFolder: Path.Combine(Cluster.Folder, $"run-{++runs}"));

    public ValueTask DisposeAsync() => Cluster.DisposeAsync();
}
