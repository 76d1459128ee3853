using System.Buffers.Binary;
using System.IO.Hashing;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

using MoeActors.Compute.Files;

namespace MoeActors.Compute.Data;

/// <summary>
/// A file of encoded tokens, mapped: written once under a name that says what it holds, then never changed. Layout, little endian: magic, bytes per token,
/// training tokens, validation tokens, XxHash128 of key and counts and tokens; then the tokens, unsigned, 2 or 4 bytes each.
/// </summary>
internal sealed unsafe class TokenFile : IDisposable
{
    private const ulong Magic = 0x31304B4F54454F4D; // "MOETOK01"
    private const int HeaderBytes = 48;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _tokens;
    private readonly int _width;

    private TokenFile(MemoryMappedFile file, int width, long train, long validation)
    {
        _file = file;
        _view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _tokens = start + _view.PointerOffset + HeaderBytes;
        (_width, TrainTokens, ValidationTokens) = (width, train, validation);
    }

    /// <summary>Tokens of the training part, which comes first.</summary>
    public long TrainTokens { get; }

    /// <summary>Tokens of the validation part.</summary>
    public long ValidationTokens { get; }

    /// <summary>
    /// Opens <paramref name="path"/>; null when it is not there, not whole, not of <paramref name="key"/>, or not this user's own: somebody else's could hold other tokens, or be
    /// cut short while it is mapped, which ends the process that reads it.
    /// </summary>
    public static TokenFile? Open(string path, string key)
    {
        if (FileStatus.Of(path) is not { IsRegular: true })
        {
            return null;
        }

        SafeFileHandle handle = PrivateFiles.Open(path, Posix.ReadOnly);
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 1);
        if (FileStatus.Of(handle, path) is not { IsOwn: true, OthersMayWrite: false })
        {
            return null;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        if (stream.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic)
        {
            return null;
        }

        int width = (int)BinaryPrimitives.ReadInt64LittleEndian(header[8..]);
        long train = BinaryPrimitives.ReadInt64LittleEndian(header[16..]), validation = BinaryPrimitives.ReadInt64LittleEndian(header[24..]);
        if (width is not (2 or 4) || train < 0 || validation < 0 || (UInt128)stream.Length != HeaderBytes + ((UInt128)train + (UInt128)validation) * (uint)width)
        {
            return null;
        }

        XxHash128 hash = Start(key);
        hash.Append(stream);
        if (!Finish(hash, width, train, validation).AsSpan().SequenceEqual(header[32..]))
        {
            return null;
        }

        // What was looked at is what is mapped, whatever has the name by now.
        return new TokenFile(MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true), width, train, validation);
    }

    /// <summary>
    /// Writes the file of <paramref name="key"/> in one move. <paramref name="encode"/> is called for the training part, then for the validation part, and
    /// hands batches of ids to its argument.
    /// </summary>
    public static void Write(string path, string key, int vocabulary, Action<bool, Action<List<int>>> encode) => PrivateFiles.Replace(path, stream =>
    {
        int width = vocabulary <= 1 << 16 ? 2 : 4;
        XxHash128 hash = Start(key);
        stream.Write(new byte[HeaderBytes]);
        var counts = new long[2];
        byte[] bytes = [];
        for (int part = 0; part < 2; part++)
        {
            encode(part == 1, ids =>
            {
                int length = ids.Count * width;
                bytes = bytes.Length >= length ? bytes : new byte[length];
                if (width == 2)
                {
                    Span<ushort> narrow = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan(0, length));
                    for (int i = 0; i < narrow.Length; i++)
                    {
                        narrow[i] = (ushort)ids[i];
                    }
                }
                else
                {
                    CollectionsMarshal.AsSpan(ids).CopyTo(MemoryMarshal.Cast<byte, int>(bytes.AsSpan(0, length)));
                }

                hash.Append(bytes.AsSpan(0, length));
                stream.Write(bytes, 0, length);
                counts[part] += ids.Count;
            });
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], width);
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], counts[0]);
        BinaryPrimitives.WriteInt64LittleEndian(header[24..], counts[1]);
        Finish(hash, width, counts[0], counts[1]).CopyTo(header[32..]);
        stream.Position = 0;
        stream.Write(header);
    });

    /// <summary>Copies tokens from <paramref name="offset"/> of the whole file on, widened; the caller has checked the range.</summary>
    public void Read(long offset, Span<long> tokens)
    {
        byte* from = _tokens + (offset * _width);
        for (int i = 0; i < tokens.Length; i++)
        {
            tokens[i] = _width == 2 ? ((ushort*)from)[i] : ((uint*)from)[i];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }

    private static XxHash128 Start(string key)
    {
        var hash = new XxHash128();
        hash.AppendText(key);
        return hash;
    }

    private static byte[] Finish(XxHash128 hash, int width, long train, long validation)
    {
        hash.Append(width);
        hash.Append(train);
        hash.Append(validation);
        return hash.GetCurrentHash();
    }
}
