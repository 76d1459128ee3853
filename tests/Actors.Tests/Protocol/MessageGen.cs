using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

using CsCheck;

using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Protocol;

/// <summary>
/// Random control messages of any type, built through their constructors: a message added to the table is covered without a line here,
/// and one with a field of a new kind fails until that kind is known.
/// </summary>
internal static class MessageGen
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly JsonSerializerOptions Compare = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };

    /// <summary>All message types of the product, found in its assembly.</summary>
    public static IEnumerable<Type> Types { get; } =
        typeof(IControlMessage).Assembly.GetTypes().Where(t => t.IsClass && !t.IsAbstract && t.IsAssignableTo(typeof(IControlMessage))).OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();

    /// <summary>Messages of <paramref name="type"/>.</summary>
    public static Gen<object> Of(Type type) => Gen.Int.Select(seed => From(type, seed));

    /// <summary>The message of a seed.</summary>
    public static object From(Type type, int seed) => Build(type, new Random(seed), edge: (int)((uint)seed % 3));

    /// <summary>A message without chance: the same bytes for ever.</summary>
    public static object Fixed(Type type) => Build(type, new Random(1), edge: 0);

    /// <summary>Content of a message, for comparison: records with lists compare by reference.</summary>
    public static string Content(object message) => JsonSerializer.Serialize(message, message.GetType(), Compare);

    /// <summary>"NodeHello(NodeIdentity Node)": names and types of the fields, in wire order.</summary>
    public static string Shape(Type type) =>
        $"{type.Name}({string.Join(", ", Parameters(type).Select(p => $"{NameOf(p.ParameterType)} {p.Name}"))})";

    private static ParameterInfo[] Parameters(Type type) => type.GetConstructors()
        .Where(c => c.GetParameters() is not [{ } only] || only.ParameterType != type)
        .MaxBy(c => c.GetParameters().Length)!.GetParameters();

    private static string NameOf(Type type) => type.IsGenericType ? $"{NameOf(type.GetGenericArguments()[0])}[]" : type.Name;

    private static object Build(Type type, Random random, int edge) =>
        Activator.CreateInstance(type, Parameters(type).Select(p => Value(p.ParameterType, IsNullable(p), random, edge)).ToArray())!;

    private static bool IsNullable(ParameterInfo p)
    {
        // Samples are drawn on several threads; the context keeps a cache that is not made for that.
        lock (Nullability)
        {
            return Nullability.Create(p).WriteState == NullabilityState.Nullable;
        }
    }

    private static object? Value(Type type, bool nullable, Random r, int edge)
    {
        if (nullable && r.Next(3) == 0)
        {
            return null;
        }

        if (type.IsEnum)
        {
            Array values = Enum.GetValues(type);
            return values.GetValue(r.Next(values.Length));
        }

        if (type.IsGenericType)
        {
            Type item = type.GetGenericArguments()[0];
            var list = Array.CreateInstance(item, edge == 1 ? 0 : r.Next(1, 5));
            for (int i = 0; i < list.Length; i++)
            {
                list.SetValue(Value(item, false, r, edge), i);
            }

            return list;
        }

        return type.Name switch
        {
            nameof(String) => edge == 1 ? "" : string.Concat(Enumerable.Range(0, r.Next(1, 40)).Select(_ => "aZ0é漢\n\"{"[r.Next(8)])),
            nameof(Boolean) => r.Next(2) == 0,
            nameof(Int32) => edge == 2 ? new[] { int.MinValue, int.MaxValue, -1 }[r.Next(3)] : r.Next(-1000, 1000),
            nameof(Int64) => edge == 2 ? new[] { long.MinValue, long.MaxValue, -1 }[r.Next(3)] : r.NextInt64(-1L << 40, 1L << 40),
            nameof(UInt64) => edge == 2 ? ulong.MaxValue : (ulong)r.NextInt64(),
            nameof(Double) => edge == 2 ? new[] { double.NaN, double.PositiveInfinity, double.Epsilon }[r.Next(3)] : r.NextDouble() * 1e6,
            _ when type.IsClass => Build(type, r, edge),
            _ => throw new NotSupportedException($"{type}: teach MessageGen to make one"),
        };
    }
}
