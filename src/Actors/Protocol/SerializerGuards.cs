using System.Runtime.Serialization;

using Akka.Actor;
using Akka.Dispatch.SysMsg;
using Akka.Remote.Serialization;
using Akka.Serialization;

namespace MoeActors.Actors.Protocol;

/// <summary>
/// Stands before Akka's serializer of miscellaneous messages: who is there, and the signs of life of remote death watch pass, both ways. The others (failures with their exceptions, poison pills, routers,
/// deployment) name types for the receiver to create or end actors by their path: no part of this product sends them between processes.
/// </summary>
internal sealed class MiscGuard : SerializerWithStringManifest
{
    private static readonly HashSet<string> Allowed = new(StringComparer.Ordinal) { "ID", "AID", "RWHB", "RWHR" };
    private readonly MiscMessageSerializer inner;

    /// <summary>Creates the guard; Akka calls it.</summary>
    public MiscGuard(ExtendedActorSystem system)
        : base(system) => inner = new MiscMessageSerializer(system);

    /// <inheritdoc/>
    public override int Identifier => 16;

    /// <inheritdoc/>
    public override string Manifest(object o) => inner.Manifest(o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => Allowed.Contains(inner.Manifest(obj))
        ? inner.ToBinary(obj)
        : throw new SerializationException($"{obj?.GetType()} does not leave this process");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => Allowed.Contains(manifest)
        ? inner.FromBinary(bytes, manifest)
        : throw new SerializationException($"a message of kind '{manifest}' is refused");
}

/// <summary>
/// Stands before Akka's serializer of system messages: death watch and its news pass. Not: creation, supervision, failures with their exceptions, and the end of actors by order of another process.
/// </summary>
internal sealed class SystemMessageGuard : Serializer
{
    private readonly SystemMessageSerializer inner;

    /// <summary>Creates the guard; Akka calls it.</summary>
    public SystemMessageGuard(ExtendedActorSystem system)
        : base(system) => inner = new SystemMessageSerializer(system);

    /// <inheritdoc/>
    public override int Identifier => 22;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => obj is Watch or Unwatch or DeathWatchNotification
        ? inner.ToBinary(obj)
        : throw new SerializationException($"{obj?.GetType()} does not leave this process");

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, Type type) => type == typeof(Watch) || type == typeof(Unwatch) || type == typeof(DeathWatchNotification)
        ? inner.FromBinary(bytes, type)
        : throw new SerializationException($"a system message of type {type?.Name} is refused");
}
