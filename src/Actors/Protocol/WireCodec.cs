using System.Buffers;

using MessagePack;

namespace MoeActors.Actors.Protocol;

/// <summary>Small helpers over MessagePack's reader and writer; every count read is bounded (the wire is untrusted).</summary>
internal static class WireCodec
{
    /// <summary>Most elements any list on the control plane may have.</summary>
    private const int MaxList = 1 << 20;

    public static void WriteList<T>(ref MessagePackWriter writer, IReadOnlyList<T> list, WriteItem<T> write)
    {
        writer.WriteArrayHeader(list.Count);
        foreach (T item in list)
        {
            write(ref writer, item);
        }
    }

    public static List<T> ReadList<T>(ref MessagePackReader reader, ReadItem<T> read)
    {
        int count = reader.ReadArrayHeader();
        if (count > MaxList)
        {
            throw new MessagePackSerializationException($"a list of {count} elements: at most {MaxList} are accepted");
        }

        var list = new List<T>(Math.Min(count, 1024));
        for (int i = 0; i < count; i++)
        {
            list.Add(read(ref reader));
        }

        return list;
    }

    public static string ReadText(ref MessagePackReader reader) => reader.ReadString() ?? "";

    public delegate void WriteItem<in T>(ref MessagePackWriter writer, T item);

    public delegate T ReadItem<out T>(ref MessagePackReader reader);
}
