using MoeActors.Actors.Protocol;
using MoeActors.Compute.Parameters;
using MoeActors.Compute.Specs;

namespace MoeActors.Actors.Node;

/// <summary>PURE but for the numbers it is given: is there room for a run?</summary>
public static class RoomCheck
{
    /// <summary>Bytes of state one logical rank needs on its node: weights, gradient, master, m, v, one snapshot of them in writing, one kept where snapshots stay in memory (checkpoint.vault), and copies of as many other ranks' units as recovery.copies, with their gradients.</summary>
    public static long RankBytes(RunSpec spec)
    {
        ParameterLayout dense = ParameterLayout.Dense(spec.Model);
        int most = spec.Layout.ExpertsAt(0, spec.Model.Moe.Experts).Count;
        long experts = spec.Model.MoeLayers().Sum(l => ParameterLayout.Experts(spec.Model, l, 0, most).Total);
        long weight = spec.Training.Precision == Precision.BFloat16 ? 2 : 4;
        long master = spec.Training.Precision == Precision.BFloat16 ? 4 : 0;
        long denseShard = dense.Total / spec.Layout.Ranks, expertShard = experts / spec.Layout.Groups;
        long kept = spec.Checkpoint.KeepsSnapshots ? 4 + 8 : 0;
        int copies = spec.Nodes > 1 ? spec.Copies * (4 + 8 + 4) : 0;
        return ((dense.Total + experts) * (weight + 4)) + ((denseShard + expertShard) * ((master + 8) + (master + 8 + weight) + kept + copies));
    }

    /// <summary>Throws <see cref="InsufficientMemoryException"/> when a node cannot hold one rank and <paramref name="reserve"/> bytes beside it.</summary>
    public static void Memory(RunSpec spec, NodeIdentity node, long reserve)
    {
        long need = RankBytes(spec) + reserve;
        if (need > node.MemoryBytes)
        {
            throw new InsufficientMemoryException(
                $"one logical rank of {spec.Model.Name} needs {need / 1e9:0.0} GB, this node has {node.MemoryBytes / 1e9:0.0} GB: use more ranks (layout.ranks, layout.expert-parallel) on more nodes, {(spec.Checkpoint.KeepsSnapshots ? "checkpoint.vault = off, " : "")}{(spec.Copies > 0 && spec.Nodes > 1 ? "recovery.copies = 0, " : "")}or a smaller model");
        }
    }

    /// <summary>Bytes of one full checkpoint.</summary>
    public static long CheckpointBytes(RunSpec spec)
    {
        long parameters = ParameterLayout.Dense(spec.Model).Total
            + spec.Model.MoeLayers().Sum(l => ParameterLayout.Experts(spec.Model, l, 0, spec.Model.Moe.Experts).Total);
        return parameters * (spec.Training.Precision == Precision.BFloat16 ? 14 : 12);
    }

    /// <summary>Throws <see cref="IOException"/> when the run's folder has no room for the checkpoints that are kept, the one being written and <paramref name="reserve"/> bytes.</summary>
    public static void Disk(RunSpec spec, string folder, long reserve)
    {
        // Checkpoints in an object store need nothing here.
        int kept = spec.Checkpoint.Location.Length == 0 ? spec.Checkpoint.Keep + 1 : 0;
        long need = (CheckpointBytes(spec) * kept) + reserve;
        long free = new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace;
        if (free < need)
        {
            throw new IOException(
                $"{folder}: {need / 1e9:0.0} GB are needed for {kept} checkpoints, {free / 1e9:0.0} GB are free: make room, choose another --run-dir, or lower checkpoint.keep");
        }
    }
}
