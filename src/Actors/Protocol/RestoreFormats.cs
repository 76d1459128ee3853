using MessagePack;

using static MoeActors.Actors.Protocol.WireCodec;

namespace MoeActors.Actors.Protocol;

/// <summary>The parts of control messages that are about checkpoints and recovery.</summary>
internal static class RestoreFormats
{
    public static void WriteItem(ref MessagePackWriter w, RestoreItem m)
    {
        w.Write(m.Layer); w.Write(m.Expert); w.Write((int)m.Rung); w.Write(m.Manifest); w.Write(m.Parameters); w.Write(m.Moments);
    }

    public static RestoreItem ReadItem(ref MessagePackReader r) =>
        new(r.ReadInt32(), r.ReadInt32(), (RestoreRung)r.ReadInt32(), r.ReadInt64(), r.ReadInt64(), r.ReadInt64());

    public static void WriteDamage(ref MessagePackWriter w, DamagedState m)
    {
        w.Write((int)m.Rung); w.Write(m.Layer); w.Write(m.Expert); w.Write(m.Step); w.Write(m.Reason);
    }

    public static DamagedState ReadDamage(ref MessagePackReader r) =>
        new((RestoreRung)r.ReadInt32(), r.ReadInt32(), r.ReadInt32(), r.ReadInt64(), ReadText(ref r));

    public static void WriteOrder(ref MessagePackWriter w, CheckpointOrder? m)
    {
        if (m is null)
        {
            w.WriteNil();
            return;
        }

        w.Write(m.Complete);
        WriteLayers(ref w, m.Snapshot);
        WriteLayers(ref w, m.Persist);
    }

    public static CheckpointOrder? ReadOrder(ref MessagePackReader r) => r.TryReadNil() ? null : new CheckpointOrder(r.ReadBoolean(), ReadLayers(ref r), ReadLayers(ref r));

    private static void WriteLayers(ref MessagePackWriter w, IReadOnlyList<IReadOnlyList<int>> layers) =>
        WriteList(ref w, layers, (ref MessagePackWriter x, IReadOnlyList<int> experts) => WriteList(ref x, experts, (ref MessagePackWriter y, int expert) => y.Write(expert)));

    private static List<IReadOnlyList<int>> ReadLayers(ref MessagePackReader r) =>
        ReadList(ref r, (ref MessagePackReader x) => (IReadOnlyList<int>)ReadList(ref x, (ref MessagePackReader y) => y.ReadInt32()));
}
