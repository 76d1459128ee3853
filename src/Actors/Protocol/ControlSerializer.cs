using System.Buffers;
using System.Runtime.Serialization;

using Akka.Actor;
using Akka.Serialization;

using MessagePack;

namespace MoeActors.Actors.Protocol;

/// <summary>
/// Akka serializer of every <see cref="IControlMessage"/>: a fixed table of message codes, each with its own writer and reader.
/// Nothing is created by type name, so a peer cannot name a type of its choice.
/// </summary>
internal sealed class ControlSerializer : SerializerWithStringManifest
{
    /// <summary>Creates the serializer; Akka calls it.</summary>
    public ControlSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <inheritdoc/>
    public override int Identifier => 7301;

    /// <inheritdoc/>
    public override string Manifest(object o) => ControlFormats.Of(o.GetType()).Code;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => Write(obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => Read(bytes, manifest);

    /// <summary>Writes one message.</summary>
    public static byte[] Write(object message)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        var writer = new MessagePackWriter(buffer);
        ControlFormats.Of(message.GetType()).Write(ref writer, message);
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads one message; throws <see cref="SerializationException"/> on anything that is not one.</summary>
    public static object Read(ReadOnlyMemory<byte> bytes, string code)
    {
        ControlFormat format = ControlFormats.Of(code)
            ?? throw new SerializationException($"unknown control message '{code}': the peer speaks another version");
        try
        {
            var reader = new MessagePackReader(bytes);
            object message = format.Read(ref reader);
            return reader.End ? message : throw new SerializationException($"control message '{code}' has bytes left over");
        }
        catch (Exception e) when (e is MessagePackSerializationException or EndOfStreamException or OverflowException or InvalidOperationException)
        {
            throw new SerializationException($"control message '{code}' is malformed: {e.Message}", e);
        }
    }
}

/// <summary>
/// Stands where Akka's serializers would that read types which the peer names, or serve what is not used here (JSON, deployment of actors, protobuf): refuses both ways. Without it a peer could have any type
/// of this process created by a message that names it.
/// </summary>
internal sealed class RefusingSerializer : Serializer
{
    /// <summary>Creates the serializer; Akka calls it.</summary>
    public RefusingSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <summary>Likewise, where Akka has settings for the serializer it stands for.</summary>
    public RefusingSerializer(ExtendedActorSystem system, Akka.Configuration.Config config)
        : base(system) => _ = config;

    /// <inheritdoc/>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj?.GetType()} is no control message: only those leave a process");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) =>
        throw new SerializationException("messages that name their type are refused");
}
