using MoeActors.Actors.Checkpointing;
using MoeActors.Compute.Checkpoints;
using MoeActors.Compute.Checkpoints.Format;
using MoeActors.Compute.Data;

namespace MoeActors.Actors.Tests.Simulation;

/// <summary>
/// Looks at the disk after every operation. CK-1: a manifest that could be found after a power failure is complete and everything it refers to is durable. CK-2: from the first one on
/// there always is one that no power failure can take away. No stale coordinator publishes.
/// </summary>
internal sealed class SimDiskWatch(SimWorld world)
{
    private readonly Dictionary<SimDisk.Inode, IReadOnlyList<string>> manifests = [];
    private readonly IReadOnlyList<ExpectedTensor> expected = ExpectedState.Of(world.Setup.Spec);
    private bool begun;

    /// <summary>Manifests published so far.</summary>
    public int Published => manifests.Count;

    public void Look()
    {
        bool safe = false;
        Look(world.Disk.Live, ref safe);
        Look(world.Disk.Durable, ref safe);
        begun |= safe;
        SimViolation.Unless(safe || !begun, "CK-2", () => "there is no complete recovery point");
    }

    private void Look(IReadOnlyDictionary<string, SimDisk.Inode> names, ref bool safe)
    {
        foreach ((string name, SimDisk.Inode inode) in names)
        {
            if (name.Contains('/') || !CheckpointPaths.TryManifest(name, out _))
            {
                continue;
            }

            if (!manifests.TryGetValue(inode, out IReadOnlyList<string>? files))
            {
                manifests.Add(inode, files = Register(name, inode));
            }

            SimViolation.Unless(inode.IsDurable, "CK-1", () => $"{name} has its name before its content is durable");
            foreach (string file in files)
            {
                SimViolation.Unless(
                    world.Disk.Durable.TryGetValue(file, out SimDisk.Inode? stored) && stored.IsDurable && world.Disk.Live.GetValueOrDefault(file) == stored,
                    "CK-2", () => $"{name} refers to {file}, which is {(world.Disk.Live.ContainsKey(file) ? "not durable" : "deleted")}");
            }

            safe |= world.Disk.Live.ContainsKey(name) && world.Disk.Durable.ContainsKey(name);
        }
    }

    private IReadOnlyList<string> Register(string name, SimDisk.Inode inode)
    {
        Manifest manifest = ManifestFormat.Read([.. inode.Bytes], name);
        SimViolation.Unless(
            world.Oracle.PublishingFence is { } fence && fence >= world.Oracle.NewestFence, "fence", () => $"{name} is published under token {world.Oracle.PublishingFence}, the newest coordinator's is {world.Oracle.NewestFence}");
        IReadOnlyList<CompletenessProblem> problems = Completeness.Check(expected, manifest.Entries);
        SimViolation.Unless(problems.Count == 0, "CK-1", () => $"{name} is not complete: {problems[0].Message}");
        SampleLedger ledger = SampleLedger.FromJson(manifest.Ledger.GetRawText());
        SimViolation.Unless(ledger.Steps == manifest.Step && world.Oracle.IsExact(ledger), "DA-1", () => $"{name} has a ledger of {ledger.Steps} steps");
        return [.. manifest.Files.Select(f => f.File)];
    }
}
