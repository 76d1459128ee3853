using System.Runtime.CompilerServices;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>The promise of compatibility: checkpoints of every schema ever written are read. One of each is kept in Golden/, as it was written then.</summary>
public sealed class GoldenTests
{
    private const int Seed = 42;
    private const long Step = 7;

    [Fact]
    public void A_checkpoint_of_schema_1_is_read_and_verified()
    {
        var store = new CheckpointStore(Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Golden", "schema-1"));
        Assert.Empty(store.List().Broken);
        Manifest manifest = store.Open(Step, SampleState.Identity);
        Assert.Equal((1, "full", 3L, 5L, 11L), (manifest.Schema, manifest.Kind, manifest.Epoch, manifest.FencingToken, manifest.Seed));
        Assert.Empty(store.Verify(Step, TestContext.Current.CancellationToken));
        Assert.Empty(Completeness.Check(SampleState.Expected, manifest.Entries));
        Assert.Equal(5, store.Fence());
        using var reader = new CheckpointReader(store.Storage, manifest);
        Assert.Equal("3f7f46e585b3bef56ba967e749493717", StateHash.Weights(reader, TestContext.Current.CancellationToken));
        Assert.Equal("8281df4d5c046ea24f016ab3b454c2ca", StateHash.State(reader, TestContext.Current.CancellationToken));
    }

    /// <summary>Run by name when a schema is added; a folder that is there is never written again.</summary>
    [Fact(Explicit = true)]
    public void Write_the_golden_checkpoint_of_this_builds_schema()
    {
        string folder = Path.Combine(Here(), "Golden", $"schema-{Manifest.CurrentSchema}");
        Assert.False(Directory.Exists(folder), folder);
        using var state = new SampleState(Seed);
        var store = new CheckpointStore(folder);
        store.RaiseFence(5);
        store.Publish(state.Write(folder, Step, 2, token: 5), SampleState.Expected);
        File.Delete(Path.Combine(folder, ".lock"));
    }

    private static string Here([CallerFilePath] string file = "") => Path.GetDirectoryName(file)!;
}
