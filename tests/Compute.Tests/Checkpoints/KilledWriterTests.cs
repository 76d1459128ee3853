using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Checkpoints.Retention;
using MoeActors.Compute.Checkpoints.Storage;

namespace MoeActors.Compute.Tests.Checkpoints;

/// <summary>CK-2 under kill -9 of the process that writes over spares, publishes and retains. All modes in turn, and in the short tier: KilledRunTests of the cluster's tests.</summary>
public sealed class KilledWriterTests
{
    [Fact]
    [Trait("Tier", "soak")]
    public void Five_hundred_killed_writers_lose_no_checkpoint_and_leave_no_orphan() => KillAndCheck(500);

    private static void KillAndCheck(int kills)
    {
        using var folder = new TemporaryFolder();
        using var state = new SpareState();
        var store = new CheckpointStore(folder.Path);
        var random = new Random(kills);
        for (int kill = 1; kill <= kills; kill++)
        {
            long before = store.Newest()?.Step ?? 0, reported;
            using (var writer = new KilledWriter(folder.Path, 2 * kill))
            {
                reported = writer.Kill(random.Next(4), TimeSpan.FromMilliseconds(random.NextDouble() * 12));
            }

            CheckpointListing listing = store.List();
            Assert.Empty(listing.Broken);
            Assert.All(listing.Valid, m => Assert.Empty(store.Verify(m.Step, TestContext.Current.CancellationToken)));
            long newest = listing.Valid.Count > 0 ? listing.Valid[0].Step : 0;
            Assert.True(newest >= Math.Max(before, reported), $"kill {kill}: step {Math.Max(before, reported)} was published, the newest is {newest}");

            state.Publish(folder.Path, newest + 1, PosixFiles.Instance, (2 * kill) + 1);
            Assert.Empty(store.Retain(new RetentionRequest(new RetentionPolicy(2), 0)).Failures);
            CheckNothingElseIsThere(folder.Path, store);
        }
    }

    private static void CheckNothingElseIsThere(string root, CheckpointStore store)
    {
        IReadOnlyList<Manifest> manifests = store.List().Valid;
        Assert.True(manifests.Count <= 2);
        HashSet<string> known = [.. manifests.SelectMany(m => m.Files).Select(f => f.File), .. manifests.Select(m => CheckpointPaths.ManifestName(m.Step)), ".lock"];
        string[] others = [.. Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(root, p)).Where(f => !known.Contains(f))];
        Assert.All(others, f => Assert.StartsWith("spare/", f));
        Assert.True(others.Sum(f => new FileInfo(Path.Combine(root, f)).Length) <= manifests[0].Files.Sum(f => f.Bytes), "more spares than one checkpoint");
    }
}
